import os

first = os.environ["FIRST_TOKEN"]
table = [("a", 1), ("b", 2

def after():
    return os.environ["AFTER_TOKEN"]

text = "not closed
last = os.environ["LAST_TOKEN"]
print "python 2", os.getenv("OLD_TOKEN")
