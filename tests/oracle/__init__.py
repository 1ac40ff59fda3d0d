"""The oracle: the spec's rules once more, in plain Python, written without looking at the SQL.

What belongs here: one function per clause of 10-inputs, 30-rules, 40-settlement; loops over days,
``int`` øre, ``fractions.Fraction``. What does not: SQL, pandas, or an import of the product.
"""
