#!/usr/bin/env python3
"""Compares sentiment-worker with the engines that could be used instead: the same reviews, the same cores, one run.

Needs `swift build -c release` and, in the Python that runs this, numpy, transformers, tokenizers and the peers to compare
with: torch; onnx and onnxruntime; openvino and nncf; ctranslate2. A peer that is missing or cannot run is passed over with
a message. docs/benchmarks.md tells how to set it up and what makes a comparison fair.
"""
import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / ".build/release/sentiment-worker"
BUNDLED_MODEL = ROOT / "Sources/SentimentWorker/Resources/imdb-minilm-l6"
SAMPLES = ROOT / "Sources/SentimentWorker/Resources/sample-reviews.jsonl"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, default=BUNDLED_MODEL, help="Hugging Face directory (default: the bundled model)")
    parser.add_argument("--input", type=pathlib.Path, default=SAMPLES, help="JSON Lines with a member text (default: the sample reviews)")
    parser.add_argument("--take", type=int, default=48, metavar="N", help="reviews to measure (default %(default)s)")
    parser.add_argument("--batch", type=int, default=8, metavar="N", help="reviews in a peer's batch (default %(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), metavar="N", help="threads, and lanes of ours (default: all cores)")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="best of so many (default %(default)s)")
    parser.add_argument("--engines", default=",".join(PEERS), help="peers, separated by commas (default: all)")
    parser.add_argument("--precision", default="", help="precisions of ours, separated by commas (default: all)")
    parser.add_argument("--program", type=pathlib.Path, default=PROGRAM, help="default: the release build")
    parser.add_argument("--cache", type=pathlib.Path, help="folder for exported models (default: one that is deleted afterwards)")
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures to this file")
    chosen = parser.parse_args()
    for name in chosen.engines.split(","):
        if name and name not in PEERS:
            parser.error(f"no engine {name!r}; there are {', '.join(PEERS)}")
    if not chosen.program.exists():
        parser.error(f"{chosen.program} is not there: run swift build -c release, or name it with --program")
    return chosen


# --- Ours


def measure_ours(options, reviews_file):
    """Rows (name, reviews/s, label agreement) of `bench` at each precision."""
    command = [options.program, "bench", "--model", options.model, "--input", reviews_file, "--lanes", str(options.threads),
               "--repeat", str(options.repeat), "--output", "json"]
    if options.precision:
        command += ["--precision", options.precision]
    environment = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    result = json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)
    facts = {entry["precision"]: entry for entry in result["precisions"]}
    rows = []
    for run in result["throughput"]:
        agreement = facts[run["precision"]]["agreement_with_f32"]
        rows.append({"precision": run["precision"], "effective": facts[run["precision"]]["effective_precision"],
                     "reviews_per_second": run["reviews_per_second"], "agreement": agreement and agreement["same_label"]})
    return rows


# --- Peers: each is a function of the setting that returns a function from lists of token ids to logits, (batch, labels).


class Setting:
    """What a peer is made from."""

    def __init__(self, options, cache, calibration):
        self.model, self.threads, self.cache, self.calibration = options.model, options.threads, cache, calibration

    def torch_model(self):
        import transformers
        return transformers.DistilBertForSequenceClassification.from_pretrained(self.model).float().eval()

    def onnx_file(self):
        path = self.cache / "model.onnx"
        if not path.exists():
            import torch
            example = torch.ones((2, 16), dtype=torch.int64)
            dynamic = {0: "batch", 1: "tokens"}
            torch.onnx.export(self.torch_model(), (example, example), str(path), opset_version=17, dynamo=False,
                              input_names=list(INPUTS), output_names=["logits"], dynamic_axes={name: dynamic for name in INPUTS})
        return path


INPUTS = ("input_ids", "attention_mask")


def padded(batch):
    """Token ids and mask as arrays, every review as long as the longest."""
    import numpy
    mask = numpy.array([[1] * len(ids) + [0] * (max(map(len, batch)) - len(ids)) for ids in batch], dtype=numpy.int64)
    ids = numpy.zeros_like(mask)
    ids[mask == 1] = [token for review in batch for token in review]
    return dict(zip(INPUTS, (ids, mask)))


def torch_engine(setting, precision):
    import torch
    torch.set_num_threads(setting.threads)
    model = setting.torch_model()

    def logits(batch):
        inputs = {name: torch.from_numpy(array) for name, array in padded(batch).items()}
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            return model(**inputs).logits.float().numpy()
    return logits


def onnxruntime_engine(setting, precision):
    import onnxruntime
    path = setting.onnx_file()
    if precision == "int8":
        from onnxruntime import quantization
        quantised = setting.cache / "model-dynamic-int8.onnx"
        if not quantised.exists():
            quantization.quantize_dynamic(str(path), str(quantised), per_channel=True, weight_type=quantization.QuantType.QInt8)
        path = quantised
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = setting.threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda batch: session.run(["logits"], padded(batch))[0]


def openvino_engine(setting, precision):
    import openvino
    core = openvino.Core()
    model = core.read_model(str(setting.onnx_file()))
    if precision == "int8":
        quantised = setting.cache / "model-nncf-int8.xml"
        if not quantised.exists():
            import nncf
            samples = nncf.Dataset([padded([ids]) for ids in setting.calibration])
            openvino.save_model(nncf.quantize(model, samples, model_type=nncf.ModelType.TRANSFORMER,
                                              subset_size=len(setting.calibration)), str(quantised))
        model = core.read_model(str(quantised))
    # What is not 8-bit runs as bf16 where the CPU can: OpenVINO's own choice.
    has_bf16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if precision == "bf16" and not has_bf16:
        raise RuntimeError("this CPU has no bf16")
    hint = "f32" if precision == "f32" or not has_bf16 else "bf16"
    compiled = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": setting.threads, "PERFORMANCE_HINT": "LATENCY",
                                                 "INFERENCE_PRECISION_HINT": hint})
    request = compiled.create_infer_request()
    return lambda batch: request.infer(padded(batch))[0].copy()


def ctranslate2_engine(setting, precision):
    import ctranslate2
    import numpy
    import torch
    import transformers
    compute = {"f32": "float32", "int8": "int8"}[precision]
    folder = setting.cache / f"ctranslate2-{compute}"
    whole = setting.torch_model()
    if not folder.exists():
        # It knows the encoder only; the classifier's two small layers stay with PyTorch.
        encoder_folder = setting.cache / "encoder"
        whole.distilbert.save_pretrained(encoder_folder)
        transformers.AutoTokenizer.from_pretrained(setting.model).save_pretrained(encoder_folder)
        ctranslate2.converters.TransformersConverter(str(encoder_folder)).convert(str(folder), quantization=compute)
    encoder = ctranslate2.Encoder(str(folder), compute_type=compute, inter_threads=1, intra_threads=setting.threads)

    def logits(batch):
        first = numpy.array(encoder.forward_batch(batch).last_hidden_state)[:, 0]
        with torch.inference_mode():
            return whole.classifier(whole.pre_classifier(torch.from_numpy(first)).relu()).numpy()
    return logits


PEERS = {
    "torch-f32": torch_engine, "torch-bf16": torch_engine,
    "onnxruntime-f32": onnxruntime_engine, "onnxruntime-int8": onnxruntime_engine,
    "openvino-f32": openvino_engine, "openvino-bf16": openvino_engine, "openvino-int8": openvino_engine,
    "ctranslate2-f32": ctranslate2_engine, "ctranslate2-int8": ctranslate2_engine,
}


# --- Measuring


def run_once(engine, reviews, order, batch):
    """Seconds, and the label of each review."""
    labels = [0] * len(reviews)
    start = time.perf_counter()
    for at in range(0, len(order), batch):
        chosen = order[at:at + batch]
        for index, logits in zip(chosen, engine([reviews[i] for i in chosen])):
            labels[index] = int(logits.argmax())
    return time.perf_counter() - start, labels


def measure_peer(name, setting, reviews, options):
    engine = PEERS[name](setting, name.split("-")[1])
    arrival = list(range(len(reviews)))
    row = {"engine": name}
    for label, order in (("arrival", arrival), ("sorted", sorted(arrival, key=lambda i: len(reviews[i])))):
        run_once(engine, reviews, order, options.batch)  # warm-up
        runs = [run_once(engine, reviews, order, options.batch) for _ in range(options.repeat)]
        row[label] = len(reviews) / min(seconds for seconds, _ in runs)
        row["labels"] = runs[0][1]
    return row


def percent(share):
    return "-" if share is None else f"{100 * share:.2f} %"


def report(ours, peers):
    """Prints speeds, and ours over the best peer's at the same precision and at any."""
    print(f"\n{'reviews/s':<18}{'arrival':>10}{'sorted':>10}{'labels as f32':>16}")
    for row in ours:
        print(f"{'ours ' + row['precision']:<18}{row['reviews_per_second']:>10.1f}{'':>10}{percent(row['agreement']):>16}")
    for row in peers:
        print(f"{row['engine']:<18}{row['arrival']:>10.1f}{row['sorted']:>10.1f}{percent(row['agreement']):>16}")
    if not ours or not peers:
        return
    print(f"\n{'ours ÷ best peer':<18}{'arrival':>10}{'sorted':>10}   at the same precision, and of any")
    for row in ours:
        same = [peer for peer in peers if peer["engine"].endswith("-" + row["precision"])]
        for title, group in ((row["precision"], same), (row["precision"] + ", any", peers)):
            if group:
                ratios = [row["reviews_per_second"] / max(peer[order] for peer in group) for order in ("arrival", "sorted")]
                print(f"{title:<18}{ratios[0]:>10.2f}{ratios[1]:>10.2f}")


def main():
    options = arguments()
    # Read by OpenMP when the first peer is loaded.
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    texts = [json.loads(line)["text"] for line in options.input.read_text("utf-8").splitlines()]
    measured = texts[:options.take]
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(str(options.model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(json.loads((options.model / "config.json").read_text())["max_position_embeddings"])
    ids = [encoding.ids for encoding in tokenizer.encode_batch(texts[:options.take + 64])]
    reviews = ids[:len(measured)]
    calibration = ids[len(measured):] or reviews
    print(f"{len(reviews)} reviews, {sum(map(len, reviews))} tokens; {options.threads} threads; peers' batches of {options.batch}", flush=True)

    peers = []
    with contextlib.ExitStack() as stack:
        folder = options.cache or pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        reviews_file = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory())) / "reviews.jsonl"
        reviews_file.write_text("".join(json.dumps({"text": text}) + "\n" for text in measured), "utf-8")
        ours = measure_ours(options, reviews_file)
        setting = Setting(options, folder.resolve(), calibration)
        for name in filter(None, options.engines.split(",")):
            try:
                peers.append(measure_peer(name, setting, reviews, options))
                print(f"{name} measured", flush=True)
            except Exception as problem:  # whatever a foreign library raises, the others are still measured
                print(f"{name} passed over: {type(problem).__name__}: {str(problem).splitlines()[0][:150] if str(problem) else ''}", flush=True)
    reference = next((row["labels"] for row in peers if row["engine"] == "torch-f32"), None)
    for row in peers:
        labels = row.pop("labels")
        row["agreement"] = sum(a == b for a, b in zip(labels, reference)) / len(labels) if reference else None
    report(ours, peers)
    if options.json:
        options.json.write_text(json.dumps({"reviews": len(reviews), "threads": options.threads, "batch": options.batch,
                                            "ours": ours, "peers": peers}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
