"""An author's side: one source file of a chapter becomes all others, and is proven first.

source.py    reads solutions/NN_topic.py          build.py   what is made from it
prove.py     solutions, stubs and known mistakes  mutate.py  small changes of every solution
"""
