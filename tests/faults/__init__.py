"""A library on disk under attack: kills, full and read-only disks, two writers, damaged files, hostile values."""
