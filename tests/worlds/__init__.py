"""Generated homes in the public formats, leaning towards boundaries; and the worked example homes."""
