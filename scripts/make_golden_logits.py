#!/usr/bin/env python3
"""Logits that PyTorch gives for small DistilBERT classifiers of odd shapes, as a Swift test file.

Weights and token ids come from a seeded formula that the tests repeat (Tests/DistilBERTTests/Support/SyntheticModel.swift),
so that only the logits are stored. Computed in f64.

usage: make_golden_logits.py > Tests/DistilBERTTests/Engine/GoldenLogits.swift
Needs: pip install torch transformers
"""
import torch
from transformers import DistilBertConfig, DistilBertForSequenceClassification

MASK = (1 << 64) - 1

# name, dim, heads, layers, hidden_dim, activation, labels, vocab_size, positions
SHAPES = [
    ("relu, three labels, one layer", 48, 3, 1, 96, "relu", 3, 120, 40),
    ("narrow heads, one label", 20, 5, 2, 30, "gelu", 1, 50, 17),
    ("no multiple of 16, five labels", 300, 5, 3, 700, "gelu", 5, 200, 160),
    ("one head of width 128", 128, 1, 2, 512, "relu", 2, 99, 70),
    ("no layers", 64, 4, 0, 64, "gelu", 2, 30, 10),
]


def splitmix(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def fnv(text):
    h = 0xCBF29CE484222325
    for byte in text.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def weight(name, shape):
    """Multiples of 1/64 or 1/256 that F16 and BF16 hold exactly: norms near 1, everything else within a quarter."""
    count = 1
    for extent in shape:
        count *= extent
    seed = fnv(name)
    values = [(splitmix((seed + i) & MASK) >> 57) - 64 for i in range(count)]
    if "orm.weight" in name:
        values = [1 + (k >> 2) / 64 for k in values]
    else:
        values = [k / 256 for k in values]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def sequences(vocabulary, positions):
    for length in sorted({1, 2, min(17, positions), positions}):
        yield [splitmix(length * 1000 + i) % vocabulary for i in range(length)]


print("// Written by scripts/make_golden_logits.py.")
print("\nextension SyntheticModel {\n  /// Shapes, and PyTorch's logits (f64) for `sequences` of each.")
print("  static let golden: [(model: SyntheticModel, logits: [[Double]])] = [")
for name, dim, heads, layers, hidden, activation, labels, vocabulary, positions in SHAPES:
    model = DistilBertForSequenceClassification(DistilBertConfig(
        vocab_size=vocabulary, max_position_embeddings=positions, n_layers=layers, n_heads=heads, dim=dim,
        hidden_dim=hidden, activation=activation, num_labels=labels)).double().eval()
    with torch.no_grad():
        for tensor, parameter in model.named_parameters():
            parameter.copy_(weight(tensor, list(parameter.shape)))
    print("    (")
    print("      SyntheticModel(")
    print(f'        name: "{name}", dimension: {dim}, heads: {heads}, layers: {layers}, hiddenDimension: {hidden}, '
          f'activation: "{activation}",')
    print(f"        labels: {labels}, vocabularySize: {vocabulary}, positions: {positions}),")
    print("      [")
    with torch.inference_mode():
        for ids in sequences(vocabulary, positions):
            row = model(torch.tensor([ids])).logits[0].tolist()
            print("        [" + ", ".join(f"{v:.9f}" for v in row) + "],")
    print("      ]\n    ),")
print("  ]\n}")
