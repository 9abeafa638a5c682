"""Running a system, recording it, and checking its step."""
