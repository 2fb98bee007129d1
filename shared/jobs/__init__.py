"""Jobs: one paid attempt each, moved one step at a time, never paid twice."""
