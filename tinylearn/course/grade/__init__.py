"""The staff's side: what students hand in becomes records, then grades, feedback and tables.

discover.py, submissions.py     whose file is this, and which cells count
worlds.py, sandbox.py           where an answer runs, and what it can see there
grade.py, assess.py             what is right, decided here and never beside the answer
batch.py, workers.py            a class, several processes, one journal
journal.py, report.py           what is kept, and what people read
"""
