"""Accelerators: particular devices, by the names that clusters label their nodes with."""

from typing import Self

import attrs

UNPARTITIONED = ""


@attrs.frozen
class Accelerator:
    """A device; ``partition`` is ``None`` when any will do, and empty for a whole one."""

    device: str
    partition: str | None = None

    @property
    def unpartitioned(self) -> Self:
        """The same device, whole."""
        return attrs.evolve(self, partition=UNPARTITIONED)

    def partitioned(self, partition: str) -> Self:
        """Take a slice of the device, such as ``1g.5gb``, or a topology such as ``2x2x1``."""
        return attrs.evolve(self, partition=partition)


class GPUAccelerator(Accelerator):
    """A GPU by its label."""


class TPUAccelerator(Accelerator):
    """A TPU by its label."""


A10G = GPUAccelerator("nvidia-a10g")
A100 = GPUAccelerator("nvidia-tesla-a100")
A100_80GB = GPUAccelerator("nvidia-a100-80gb")
H100 = GPUAccelerator("nvidia-h100")
H200 = GPUAccelerator("nvidia-h200")
K80 = GPUAccelerator("nvidia-tesla-k80")
L4 = GPUAccelerator("nvidia-l4")
L40S = GPUAccelerator("nvidia-l40s")
M60 = GPUAccelerator("nvidia-tesla-m60")
P4 = GPUAccelerator("nvidia-tesla-p4")
P100 = GPUAccelerator("nvidia-tesla-p100")
RTX_PRO_6000 = GPUAccelerator("nvidia-rtx-pro-6000")
T4 = GPUAccelerator("nvidia-tesla-t4")
V100 = GPUAccelerator("nvidia-tesla-v100")
V5E = TPUAccelerator("tpu-v5-lite-podslice")
V5P = TPUAccelerator("tpu-v5p-slice")
V6E = TPUAccelerator("tpu-v6e-slice")
