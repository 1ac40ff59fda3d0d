"""The life of settlements through many nights: stories, a model of the law, a state machine."""
