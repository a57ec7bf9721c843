"""How much memory this process holds."""

import resource
import sys
from pathlib import Path


def resident_mb() -> float:
    """Resident memory in MB; where the system does not tell, the most that it ever was."""
    status = Path("/proc/self/status")
    if status.is_file():
        lines = status.read_text(encoding="utf-8").splitlines()
        resident = next((line for line in lines if line.startswith("VmRSS:")), "VmRSS: 0 kB")
        return int(resident.split()[1]) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 1024
