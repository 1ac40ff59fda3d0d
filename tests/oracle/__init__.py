"""The oracle: the rules once more, in plain Python, written without looking at the SQL.

What belongs here: one function per rule of docs/rules; loops over days, ``int`` øre,
``fractions.Fraction``. What does not: SQL, pandas, or an import of the product.
"""
