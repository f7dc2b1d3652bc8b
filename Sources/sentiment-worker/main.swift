import SentimentWorker

print("sentiment-worker")
