"""What runs in the sandbox beside a student's code. It decides nothing and knows no answer.

Files here import only each other and the standard library: the sandbox starts `host.py` as a
script, without installing the package, so that an answer of plain Python starts in 20 ms.
"""
