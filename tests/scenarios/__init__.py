"""People, spells and terms → expected rows; every scenario is named as a sentence of law."""
