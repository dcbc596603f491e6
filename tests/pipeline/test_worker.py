import sys
from types import SimpleNamespace

import joblib
import pytest

from proxyreward.pipeline.worker import plan, visible_devices


@pytest.fixture
def torch_sees(monkeypatch):
    """A build of torch for GPUs that sees so many, under what `CUDA_VISIBLE_DEVICES` says."""

    def sees(count, listed, build="2.13.0"):
        monkeypatch.setattr("importlib.metadata.version", lambda name: build)
        torch = SimpleNamespace(cuda=SimpleNamespace(device_count=lambda: count))
        monkeypatch.setitem(sys.modules, "torch", torch)
        if listed is None:
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        else:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)

    return sees


@pytest.mark.parametrize(
    ("listed", "count", "devices"),
    [
        (None, 2, ("0", "1")),
        ("5, 7", 2, ("5", "7")),
        ("GPU-8c1,GPU-f02", 2, ("GPU-8c1", "GPU-f02")),
        ("1,-1,3", 1, ("1",)),  # ids after the first that does not exist are not seen
        ("0,1", 1, ("0",)),
    ],
)
def test_devices_are_those_that_torch_sees(torch_sees, listed, count, devices):
    torch_sees(count, listed)
    assert visible_devices() == devices
    assert plan("loky", None, 100).workers == len(devices)


@pytest.mark.parametrize("build", ["2.13.0", "2.13.0+cpu"])
@pytest.mark.parametrize("listed", [None, "", "-1", "0", "2,3", "NoDevFiles", "none"])
def test_without_a_gpu_there_is_a_worker_for_every_core(torch_sees, listed, build):
    torch_sees(0, listed, build)
    assert visible_devices() == ()
    assert plan("loky", None, 10**6).workers == joblib.cpu_count()
