#!/usr/bin/env python3
"""Logits that PyTorch gives for the sample reviews with the bundled model, as the file that `model verify` compares with.

Computed in f64 from the checkpoint as it is. The digest of the int8 logits is the product's own: print it with
`sentiment-worker model verify --output json` after a change of the bits that is meant.

usage: make_bundled_golden.py INT8-DIGEST FINGERPRINT > Sources/SentimentWorker/Resources/golden-logits.json
Needs: pip install torch transformers
"""
import json
import sys
from pathlib import Path

import torch
from transformers import AutoTokenizer, DistilBertForSequenceClassification

resources = Path(__file__).resolve().parent.parent / "Sources/SentimentWorker/Resources"
directory = resources / "imdb-minilm-l6"
tokenizer = AutoTokenizer.from_pretrained(directory)
model = DistilBertForSequenceClassification.from_pretrained(directory, attn_implementation="eager").double().eval()

logits = []
for line in (resources / "sample-reviews.jsonl").read_bytes().splitlines():
    try:
        review = json.loads(line)
        text = review["text"]
    except (ValueError, KeyError, TypeError):
        continue
    if not isinstance(text, str):
        continue
    ids = tokenizer(text, truncation=True, max_length=512, return_tensors="pt")
    with torch.no_grad():
        row = model(input_ids=ids["input_ids"], attention_mask=ids["attention_mask"]).logits[0]
    logits.append({"id": review["id"], "logits": [round(float(x), 7) for x in row]})

print('{"version": 1, "fingerprint": "%s", "tolerance": 0.0001, "int8_digest": "%s", "logits": [' % (sys.argv[2], sys.argv[1]))
print(",\n".join(json.dumps(entry) for entry in logits))
print("]}")
