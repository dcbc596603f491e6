"""What token rows have in common at their beginning.

In: token rows. Out: a number for each distinct beginning, which `models.llama` computes once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


def beginnings(ids: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
    """Numbers of the distinct beginnings of rows, up to the `last` token of each.

    `ids`, shape (rows, tokens), are padded on the right; `last` has the shape (rows,).

    Returns
    -------
    index, shape (rows, longest)
        Number of the beginning that ends with this token; any number behind the last one.
    place, shape (numbers,)
        A token with this number, counted in the flattened rows.
    """
    import torch

    told, length = ids.cpu().numpy(), int(last.max()) + 1
    order = np.lexsort(told.T[::-1])
    told, inside = told[order, :length], np.arange(length) <= last.cpu().numpy()[order, None]
    alike = np.zeros_like(inside)
    alike[1:] = inside[:-1] & (told[1:] == told[:-1])
    new = inside & ~np.logical_and.accumulate(alike, 1)
    row, column = new.nonzero()
    number = np.zeros(new.shape, int)
    number[new] = np.arange(len(row))
    index = np.empty_like(number)
    index[order] = np.maximum.accumulate(number, 0)
    place = order[row] * length + column
    return torch.from_numpy(index).to(ids.device), torch.from_numpy(place).to(ids.device)
