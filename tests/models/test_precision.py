import pytest

from proxyreward.data.report import DataError
from proxyreward.models.precision import autocast, check_precision


@pytest.mark.parametrize(("gpu", "bf16"), [(False, False), (True, False), (True, True)])
def test_bf16_mixed_needs_a_gpu_that_computes_in_bf16(gpu, bf16, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpu)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation: bf16)
    check_precision("fp32")
    if bf16:
        check_precision("bf16-mixed")
    else:
        with pytest.raises(DataError, match="model.precision=fp32"):
            check_precision("bf16-mixed")


def test_products_are_rounded_to_bf16_in_bf16_mixed_alone():
    import torch

    factor = torch.full((2, 2), 1 + 2**-10)
    for precision, dtype in (("fp32", torch.float32), ("bf16-mixed", torch.bfloat16)):
        with autocast(factor.device, precision):
            product = factor @ factor
        assert product.dtype == dtype
    with torch.autocast("cpu", torch.bfloat16), autocast(factor.device, "fp32"):
        assert (factor @ factor).dtype == torch.float32
