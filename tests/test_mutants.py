"""Seeded mistakes in axis, views, run, pictures and what plans for the native core: each must make the suite fail.

A copy of the package gets one mistake; a quick part of the suite runs against the copy and must report failed tests.
The same part passes on an unchanged copy, so that it is the mistake that fails, not the copying.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import deconvs
from deconvs.run import native

QUICK = [
    "tests/test_demonstrations.py",
    "tests/test_axis.py",
    "tests/test_geometry.py",
    "tests/test_operator.py",
    "tests/test_sweep.py::test_views_oracles_operator_and_adjoint_agree[0]",
]

MUTANTS = {
    # axis.py
    "output drops the end crop": ("axis.py", "size = self.full(n) - begin - end", "size = self.full(n) - begin"),
    "span forgets the dilation": ("axis.py", "return self.dilation * (self.kernel_size - 1) + 1", "return self.kernel_size"),
    "contributions shifted by one": ("axis.py", "t = o + self.crop[0]\n", "t = o + self.crop[0] + 1\n"),
    "contributions from the end crop": ("axis.py", "t = o + self.crop[0]\n", "t = o + self.crop[1]\n"),
    "a tap too many inputs": ("axis.py", "last = min(n, -((shift - m) // self.stride))", "last = n"),
    "coverage begins one late": ("axis.py", "counts(start + self.crop[0], max", "counts(start + self.crop[0] + 1, max"),
    "window one output short": ("axis.py", "return self.crop[0], self.crop[0] + self.output(n)", "return self.crop[0], max(self.crop[0], self.crop[0] + self.output(n) - 1)"),
    "taps per phase ignore the gcd": ("axis.py", "return tuple(sorted(found | {0} if g > 1 else found))", "return tuple(sorted(found))"),
    "links count up from zero": ("axis.py", "np.repeat(np.cumsum(count) - count - first, count)", "np.repeat(np.cumsum(count) - count, count)"),
    "links of swapped sides": ("axis.py", "return i * self.stride + j * self.dilation - self.crop[0], i, j", "return i * self.stride + j * self.dilation - self.crop[1], i, j"),
    "direct pads swapped": ("axis.py", "(self.span - 1 - begin, self.span - 1 - end)", "(self.span - 1 - end, self.span - 1 - begin)"),
    "direct pads k-p-1 under dilation": ("axis.py", "(self.span - 1 - begin, self.span - 1 - end)", "(self.kernel_size - 1 - begin, self.kernel_size - 1 - end)"),
    "direct inserts one zero too many": ("axis.py", "return Direct(self.stride - 1,", "return Direct(self.stride,"),
    "phase of the wrong residue": ("axis.py", "offset = (r - begin) % self.stride", "offset = (r + begin) % self.stride"),
    "phases ignore gcd(stride, dilation)": ("axis.py", "g = gcd(self.stride, self.dilation)\n        tap_step", "g = 1\n        tap_step"),
    "wrong first tap of a phase": ("axis.py", "first_tap = r // g * pow(dilation, -1, tap_step) % tap_step", "first_tap = r // g % tap_step"),
    "phase pads swapped": ("axis.py", "pad = ((taps - 1) * dilation - shift - first_q, past_q - 1 + shift)", "pad = (past_q - 1 + shift, (taps - 1) * dilation - shift - first_q)"),
    "sub-pixel crop from the start": ("axis.py", "crop=(begin % s, (end - self.span) % s)", "crop=((end - self.span) % s, begin % s)"),
    "sub-pixel position wrong": ("axis.py", "return channels, positions // self.subpixel().dilation", "return channels, (self.subpixel().taps - 1) - positions // self.subpixel().dilation"),
    "tile one input short": ("axis.py", "last = min(n, (high - 1 + self.crop[0]) // self.stride + 1)", "last = min(n, (high - 1 + self.crop[0]) // self.stride)"),
    "remainder without the padding": ("axis.py", "return self.room(m) % self.stride", "return (m - self.span) % self.stride"),
    # lattice.py
    "pairs of a line end one early": ("lattice.py", "high = np.minimum((self.k - 1 - j) // j_step, i // i_step)", "high = np.minimum((self.k - 2 - j) // j_step, i // i_step)"),
    "pairs of a line begin one early": ("lattice.py", "low = np.maximum(0, -((self.n - 1 - i) // i_step))", "low = np.maximum(0, -((self.n - i) // i_step))"),
    "lines without a class forgotten": ("lattice.py", "least is not None and seen == past - first else 0", "least is not None else 0"),
    "trapezoid without its top": ("lattice.py", "top = np.clip((a + b - 2) // 2, low, high)", "top = high"),
    "products of the first taps only": ("lattice.py", "return all_in * self.n + between + _floor_sum(", "return all_in * self.n + _floor_sum("),
    # geometry.py
    "output_padding dropped": ("geometry.py", "Axis(k, s, d, (begin, end - extra))", "Axis(k, s, d, (begin, end))"),
    "output_padding at the beginning": ("geometry.py", "Axis(k, s, d, (begin, end - extra))", "Axis(k, s, d, (begin - extra, end))"),
    "adjoint with swapped sides": ("geometry.py", "return Conv(self.kernel_size, self.stride, self.crop,", "return Conv(self.kernel_size, self.stride, tuple((e, b) for b, e in self.crop),"),
    "transpose forgets the remainder": ("geometry.py", "axis.crop[1] - axis.remainder(m)", "axis.crop[1]"),
    # views
    "views crop swapped sides": ("views/common.py", "tuple((-begin, -end) for begin, end in geometry.crop)", "tuple((-end, -begin) for begin, end in geometry.crop)"),
    "polyphase interleaves transposed": ("views/polyphase.py", "tuple(phase.offset for phase in along) for along in phases", "tuple(phase.residue for phase in along) for along in phases"),
    "sub-pixel forgets its last crop": ("views/subpixel.py", "if any(map(any, crops := tuple(form.crop for form in forms))):", "if crops := ():"),
    "direct forgets the dilation": ("views/direct.py", "Correlate(geometry.dilation, geometry.groups", "Correlate((1,) * geometry.ndim, geometry.groups"),
    "crop before pad": ("steps.py", "*((Pad(padded),) if any(map(any, padded)) else ()),\n        *((Crop(cropped),) if any(map(any, cropped)) else ()),", "*((Crop(cropped),) if any(map(any, cropped)) else ()),\n        *((Pad(padded),) if any(map(any, padded)) else ()),"),
    # run and operator
    "kernel not flipped": ("run/interpret.py", "np.flip(_swapped(weight[on_space(chosen)], recipe.groups), axis=tuple(range(2, weight.ndim)))", "_swapped(weight[on_space(chosen)], recipe.groups)"),
    "channels not swapped within groups": ("run/interpret.py", ".swapaxes(1, 2)\n    return by_group.reshape(groups * per_group", "\n    return by_group.reshape(groups * per_group"),
    "overlap-add ignores the dilation": ("run/interpret.py", "for j in np.ndindex(*step.kernel_size):\n        starts = [tap * d for", "for j in np.ndindex(*step.kernel_size):\n        starts = [tap for"),
    "crop one too many": ("run/interpret.py", "slice(before, n - after)", "slice(before, n - after - 1)"),
    "bias added twice": ("run/interpret.py", "data + run.bias.reshape", "data + 2 * run.bias.reshape"),
    "bias of the wrong channel": ("run/interpret.py", "data + run.bias.reshape", "data + run.bias[::-1].reshape"),
    "pixel shuffle axes exchanged": ("run/interpret.py", "order += [2 + ndim + a, 2 + a]", "order += [2 + a, 2 + ndim + a]"),
    "scatter shifted by one": ("run/interpret.py", "slice(p * s, p * s + d * (taps - 1) + 1, d)", "slice(max(0, p * s - 1), max(0, p * s - 1) + d * (taps - 1) + 1, d)"),
    "zeros inserted one short": ("run/interpret.py", "(n - 1) * (zeros + 1) + 1 for n, zeros", "(n - 1) * max(1, zeros) + 1 for n, zeros"),
    "matrix with exchanged channels": ("operator.py", "channel_in // (c_short // groups) * per_group + np.arange(per_group)[:, None]", "channel_in // (c_short // groups) * per_group + np.arange(per_group)[::-1, None]"),
    "operator shifted by one": ("axis.py", "start = first * self.stride + j * self.dilation - self.crop[0]\n", "start = max(0, first * self.stride + j * self.dilation - self.crop[0] - 1)\n"),
    "operator's sides exchanged": ("run/by_numpy.py", "y[on_space(outputs)] += columns[tap][on_space(inputs)]", "y[on_space(outputs)] += columns[tap][on_space(inputs)][..., ::-1]"),
    "operator without its bias": ("run/by_numpy.py", "y[...] = 0 if bias is None else", "y[...] = 0 if True else"),
}  # fmt: skip

RUN, PLAN = "tests/test_run.py", "tests/test_plan.py"
NAMES, SOLVER, LINT = "tests/test_names.py", "tests/test_solver.py", "tests/test_lint.py"
SPELLED = "tests/test_conventions_"
PORTABILITY = "tests/test_portability.py"
TARGETS, CONVERT, PAIR = (
    "tests/test_targets.py",
    "tests/test_conversion.py",
    "tests/test_convert_pairs.py::test_pair[{}]",
)

CHECKPOINTS, REFUSED = "tests/test_checkpoints.py", "tests/test_checkpoints_errors.py"
BROKEN = "tests/test_checkpoints_damage.py"
STORED = "tests/test_checkpoints_frameworks.py"
SAID = {
    # What is told about a geometry, and the arrays at the border: the test file that must notice, and the mistake.
    "bytes without the last step": (PLAN, "costs.py", "return sum(cost.bytes for cost in self.steps)", "return sum(cost.bytes for cost in self.steps[:-1])"),
    "costs with exchanged channels": (PLAN, "costs.py", '"channels": list(self.channels)', '"channels": list(self.channels)[::-1]'),
    "overflow not refused by plans": (RUN, "run/border.py", "if types.exact:", "if False:"),
    "threads not limited": (RUN, "run/by_numpy.py", "with threadpool_limits(limits=limit):", "with threadpool_limits(limits=None):"),
    "float64 beyond its integers": (RUN, "run/by_numpy.py", "_EXACT_IN_DOUBLE = 2**53", "_EXACT_IN_DOUBLE = 2**54"),
    "out may alias the weights": (RUN, "run/layer.py", "for array in (data, *self._weights.arrays())", "for array in (data,)"),
    "conversion not asked for": (RUN, "run/layer.py", "turn = images * (column + item * (prod(data.shape[1:]) + prod(shape[1:])))", "turn = images * column"),
    "bias not in the bound": (RUN, "dtypes.py", "(0 if bias is None else _magnitude(bias))", "0"),
    "bound over all groups": (RUN, "dtypes.py", "magnitudes.reshape(groups, weight.shape[0] // groups,", "magnitudes.reshape(1, weight.shape[0],"),
    "sum of magnitudes wraps": (RUN, "dtypes.py", "_magnitude(weight) * max(1, weight.size) <=", "_magnitude(weight) <="),
    "Gram matrix wraps": (NAMES, "inverse.py", "<= isqrt(2**62 // max(1, terms))", "<= 2**62"),
    "inverse to within a thousandth": (NAMES, "inverse.py", "tolerance = 2 *", "tolerance = 1e12 *"),
    "weights not scaled": (NAMES, "inverse.py", "largest = float(np.abs(exact).max(initial=0)) or 1.0", "largest = 1.0"),
    "JSON of the other product": (NAMES, "naming.py", '"Ct C": _as_dict(self.deconv_after_conv)', '"Ct C": _as_dict(self.conv_after_deconv)'),
    "up-convolution on every axis": (NAMES, "naming.py", "all(m >= n for", "all(m > n for"),
    "sizes compared where measured": (NAMES, "naming.py", "_upconvolution(geometry, input_size, outputs)", "_upconvolution(geometry, measured_at, geometry.output_size(measured_at))"),
    "evenness across axes": (NAMES, "kinds.py", "else Cover.UNEVEN", "else Cover.EVEN"),
    "pads taken for crops": (NAMES, "kinds.py", "if max(pads) > 0:", "if min(pads) > 0:"),
    "failures not counted": (NAMES, "relationships.py", "failed[index] += verdict is False", "failed[index] += 0"),
    "holes look like small counts": (NAMES, "heatmap.py", "return 0 if count == 0 else 1 +", "return 1 if count == 0 else 1 +"),
    "shades inverted": (NAMES, "heatmap.py", '_SHADES = " ░▒▓█"', '_SHADES = " █▓▒░"'),
    "dark digits on dark": (NAMES, "heatmap.py", "ink = 255 if level >= _DARK_FROM else 16", "ink = 16"),
    "solutions without output_padding": (SOLVER, "solver.py", "p, odd = divmod(surplus + op, 2)", "p, odd = divmod(surplus, 2)"),
    "solutions of one axis only": (SOLVER, "solver.py", "alike = set.intersection(*map(set, along.values()))", "alike = set(next(iter(along.values())))"),
    "ranked by products first": (SOLVER, "solver.py", "return (rank, max(ops) > 0, products,", "return (products, rank, max(ops) > 0,"),
    "nearest on one side only": (SOLVER, "solver.py", "return paddings[max(0, above - 1) : above + 1]", "return paddings[max(0, above - 1) : above]"),
    "chains pruned too far": (SOLVER, "chains.py", "least = tuple(max(1, -((extra - m) // stretch) + 1) for m in least)", "least = tuple(max(1, -((extra - m) // stretch) + 2) for m in least)"),
    "chains forget the earlier layers' cost": (SOLVER, "chains.py", "return a + x, b + y, c + z", "return x, y, z"),
    "evened without what is missing": (LINT, "axis.py", "reach = self.span + sum(missing)", "reach = self.span"),
    "evened off its middle": (LINT, "axis.py", "(begin + spare // 2, end + spare - spare // 2)", "(begin + spare // 2, end + spare // 2)"),
    "trimmed at the wrong end": (LINT, "axis.py", "(self.crop[0] - before, self.crop[1] - after))", "(self.crop[0] - after, self.crop[1] - before))"),
    "border one short": (LINT, "axis.py", "-(-(self.span - self.stride - side) // self.stride)", "(self.span - self.stride - side) // self.stride"),
    "holes taken for uneven": (LINT, "lint.py", "len(taps) > 1 and 0 not in taps for", "len(taps) > 1 for"),
    "SAME splits the other way": (SPELLED + "keras.py", "conventions/keras.py", "max(0, (span - stride) // 2)", "max(0, (span - stride + 1) // 2)"),
    "auto_pad splits the other way": (SPELLED + "onnx.py", "conventions/onnx.py", 'if auto_pad == "SAME_UPPER" else', 'if auto_pad != "SAME_UPPER" else'),
    "JAX's kernel not turned": (SPELLED + "jax.py", "conventions/jax.py", '"C_in", "C_out"), flipped=True)', '"C_in", "C_out"))'),
    "two layers may get one name": (REFUSED, "checkpoints/config.py", "new_names = Counter(rename.get(name, name) for name in layers)", "new_names = Counter(layers)"),
    "half converted is not told": (REFUSED, "checkpoints/layers.py", "    if own:\n        return GeometryError(", "    if False:\n        return GeometryError("),
    "copies counted as moved": (CHECKPOINTS, "checkpoints/report.py", 'each.done not in ("kept", "copied")', 'each.done != "kept"'),
    "numbers converted, not their bits": (CHECKPOINTS, "checkpoints/tensors.py", 'return array.view(f"u{array.dtype.itemsize}")', 'return array.astype(f"u{array.dtype.itemsize}")'),
    "a crop is not part of what is checked": (CHECKPOINTS, "checkpoints/uses.py", "layer.input_size, layer.crop)", "layer.input_size)"),
    "elements of no bytes": (BROKEN, "checkpoints/npy.py", "if dtype.itemsize == 0:", "if False:"),
    "zero taps on the wrong side": (TARGETS, "targets/obstacle.py", "slice(before, before + step * (old - 1) + 1, step)", "slice(0, step * (old - 1) + 1, step)"),
    "a form of a finding forgotten": (PORTABILITY, "portability.py", 'form="gemm"', 'form="direct"'),
    "padding the input moves the crop by one": (TARGETS, "targets/fit.py", "side + pad * axis.stride - part", "side + pad - part"),
    "factorised stride one zero too many": (TARGETS, "targets/fit.py", "(pads[0], pads[1]), factor - 1, shift)", "(pads[0], pads[1]), factor, shift)"),
    "depthwise by output channels": (TARGETS, "targets/target.py", "g.groups != channels[0]", "g.groups != channels[1]"),
    "a word for each axis": (TARGETS, "targets/target.py", "if all(along) and not set.intersection(*along):", "if False:"),
    "stride 16 on Core ML": (TARGETS, "targets/known.py", "largest_stride=15,", "largest_stride=16,"),
    "unconfirmed limits in the note": (PORTABILITY, "portability.py", "if target(name).confirmed", "if True"),
    "crop of the nearest forgotten": (PORTABILITY, "portability.py", "crop=crop, groups=nearest.groups", "groups=nearest.groups"),
    "columns of all groups": (LINT, "lint.py", "columns = 4 * channels[1] // g.groups *", "columns = 4 * channels[1] *"),
    "cropped share of one axis": (LINT, "lint.py", "return 1 - prod(useful for useful, _ in pairs) / prod(made for _, made in pairs)", "return max(1 - useful / made for useful, made in pairs)"),
    "FLOPs counted once": ("tests/test_cli_choose.py", "checking.py", 'f"{2 * definition:,}"', 'f"{definition:,}"'),
    "notes fail the command": ("tests/test_cli_choose.py", "lint_text.py", "finding.severity != NOTE", "True"),
    "products of phases at stride 1": ("tests/test_costs.py", "steps.py", "sum(phase.taps * (n + phase.extra) for phase in phases)", "sum(phase.taps * n for phase in phases)"),
    "useful products of the whole": ("tests/test_costs.py", "costs.py", "channels[0] * (channels[1] // geometry.groups) * pairs", "channels[0] * channels[1] * pairs"),
    "sizes of a layer that runs twice": ("tests/test_models.py", "checking.py", "use.name if alike[use.name] == 1 else", "use.name if True else"),
    "a module's second name is forgotten": ("tests/test_models.py", "live/config.py", "**{name: found[known] for name, known in aliases.items() if known in modules}", "**{}"),
    "traced layers are not seen": ("tests/test_models.py", "live/models.py", "if function in operators and args[6]:", "if False:"),
    "a forward of its own is not seen": (CONVERT, "live/torch.py", "if type(thing).forward is not kind.forward:", "if False:"),
    "hooks of weight norm are not seen": (CONVERT, "live/torch.py", "if thing._forward_pre_hooks or thing._forward_hooks:", "if False:"),
    "every layer is float32": (CONVERT, "conversion.py", "offsets is not None, dtype))", "offsets is not None))"),
    "bytes in another order": (CONVERT, "conversion.py", "return array.astype(array.dtype.newbyteorder(\"=\"), copy=False)", "return array"),
    "hooks stay": ("tests/test_models.py", "live/models.py", "hooks.callback(enter.remove)", "pass"),
    "running means change": ("tests/test_models.py", "live/models.py", "        model.eval()\n", "        pass\n"),
    "channels of one group": ("tests/test_models.py", "live/models.py", "weight.shape[1] * groups)", "weight.shape[1])"),
    "dilated weights not filled up": (PAIR.format("torch-keras-0"), "conversion.py", "slice(None, None, d) for d in nearest.dilation", "slice(None, k) for k in canonical.shape[2:]"),
    "cut before it is padded": (PAIR.format("torch-keras-0"), "programs/whole.py", 'slices = [f"{before or \'\'}:', 'slices = [f"{after or \'\'}:'),
    "bias of the parts": (PAIR.format("torch-jax-0"), "programs/whole.py", "if part.bias and not simple:", "if part.bias and simple:"),
    "pads of PyTorch from the first axis": (PAIR.format("jax-torch-0"), "programs/dialects.py", "for pair in reversed(amounts) for", "for pair in amounts for"),
    "an end of 0": (CONVERT, "programs/whole.py", "-e if e else 2**62", "-e"),
    "negative lows are written": (SPELLED + "jax.py::test_negative_lows_below_positive_highs_go_wrong_on_cpus", "conventions/jax.py", "return low < 0 < high <= -low", "return False"),
    "live crop from the first axis": (CONVERT, "live/torch.py", "for pair in reversed(made.crop) for", "for pair in made.crop for"),
    "activation not seen": (CONVERT, "live/keras.py", "if thing.activation is not keras.activations.linear:", "if False:"),
    "change of layout without the turn": (CONVERT, "conversion.py", "if source.flipped == target.flipped:", "if True:"),
    "a layout that fits is not named": (CONVERT, "conversion.py", "if others else", "if False else"),
    "least coverage of one axis": (NAMES, "report.py", "prod(least for least, _ in ranges)", "min(least for least, _ in ranges)"),
    "useful shown as wasted": (NAMES, "report.py", 'f"{cost.wasted_macs:,}"', 'f"{cost.useful_macs:,}"'),
    "a crop is not carried on": (CHECKPOINTS, "checkpoints/transform.py", '{"crop": done.crop}', "{}"),
    "a crop given is forgotten": (CHECKPOINTS, "checkpoints/transform.py", "input_size=layer.input_size, crop=layer.crop)", "input_size=layer.input_size)"),
    "a crop given with swapped sides": (CHECKPOINTS, "conversion.py", "(b + begin, e + end) for", "(b + end, e + begin) for"),
    "renamed, never back": (CHECKPOINTS, "checkpoints/convert.py", "back = {new: old for old", "back = {old: new for old"),
    "metadata is lost on the way": (CHECKPOINTS, "checkpoints/convert.py", 'metadata if target_file.lower().endswith(".npz") else {}', "{}"),
    "the order of axes inverted": (CHECKPOINTS, "checkpoints/convert.py", "order = tuple(names.index(name) for name in wanted)", "order = tuple(wanted.index(name) for name in names)"),
    "Fortran's order ignored": (CHECKPOINTS, "checkpoints/npy.py", 'order="F" if column_major else "C"', 'order="C"'),
    "convolutions stored as transposed ones": (STORED, "checkpoints/layouts.py", 'Layout((*spatial(ndim), "C_in/groups", "C_out"))', 'Layout((*spatial(ndim), "C_out", "C_in/groups"))'),
    "gaps between tensors": (BROKEN, "checkpoints/safetensors.py", "if begin != reached or", "if"),
    "sizes as compressed": (BROKEN, "checkpoints/npz.py", "sum(m.file_size for m in members)", "sum(m.compress_size for m in members)"),
    "what is there is overwritten": (REFUSED, "checkpoints/files.py", "        if not overwrite:", "        if False:"),
    "two tensors of one name": (REFUSED, "checkpoints/convert.py", "    refuse_collisions([(name, names[name]) for name in tensors])\n", ""),
}  # fmt: skip


DRAWN, FILM = "tests/test_drawing.py::{}", "tests/test_convolution_film.py::test_what_contributes_is_lit"
LIT = DRAWN.format("test_direct_film_lights_what_contributes")
PICTURES = {
    # What is drawn: the test that must notice, and the mistake.
    "window off by one": (LIT, "drawing/figures/windows.py", "(places[at + tap * d] for places", "(places[at + tap * d - 1] for places"),
    "turned taps not turned": (LIT, "drawing/figures/windows.py", "first + step * (count - 1 - t) for t", "first + step * t for t"),
    "padding with swapped sides": (FILM, "drawing/figures/padded.py", "for n, (before, after) in zip(input_size, geometry.padding", "for n, (after, before) in zip(input_size, geometry.padding"),
    "stamps of the tap beside": (FILM, "drawing/figures/stamps.py", "reached[i][j] = places[t]", "reached[i][j] = places[t - 1]"),
    "the first group's inputs": ("tests/test_drawing_planes.py", "drawing/figures/request.py", "first = output_channel // self.out_per_group * each", "first = 0"),
    "what is gone stays painted": ("tests/test_frames.py", "drawing/frames.py", "for shape in (*(old - new), *(new - old)):", "for shape in new - old:"),
    "shuffled along the other axis": ("tests/test_subpixel_film.py::test_the_output_fills_channel_by_channel", "drawing/figures/subpixel_steps.py", "zip(spatial, self._steps, self.residues[turn], strict=True)", "zip(spatial, self._steps, self.residues[turn][::-1], strict=True)"),
    "the first outputs are kept": ("tests/test_convolution_film.py::test_a_stride_keeps_some_of_the_outputs_at_stride_1", "drawing/figures/subsampling.py", "[at_one.index(window) for window in at_stride]", "list(range(len(at_stride)))"),
    "a room without the span": ("tests/test_convolution_film.py::test_positions_are_counted", "drawing/figures/counting.py", "axis.room(size)", "size"),
}  # fmt: skip


PLANS, WHOLE = (
    "tests/test_native_plans.py::test_any_choice_gives_the_same_result[baseline]",
    "tests/test_native_arrays.py",
)
BESIDE, AGAIN = "tests/test_native_beside.py", "tests/test_native_repeated.py"
PLANNED = {
    # How the native core is told what to do: the test that must notice, and the mistake. Each stays within the memory
    # that there is, so that it is wrong results that are noticed.
    "windows from the end": (PLANS, "run/phase_plan.py", "u * phase.dilation - phase.pad[0]", "u * phase.dilation - phase.pad[1]"),
    "taps of a phase not turned": (PLANS, "run/phase_plan.py", "phase.first_tap + (phase.taps - 1 - u) * phase.tap_step", "phase.first_tap + u * phase.tap_step"),
    "a tap's row by another axis": (PLANS, "run/phase_plan.py", "flat += [base * k[-1] + tap_of[shift]", "flat += [base * k[0] + tap_of[shift]"),
    "a tap that is lacking is the first": (PLANS, "run/phase_plan.py", "if shift in tap_of else -1 for", "if shift in tap_of else 0 for"),
    "positions rounded down": (PLANS, "run/tiling.py", '"positions": [-(-m // s) for', '"positions": [m // s for'),
    "rows begin one late": (PLANS, "run/tiling.py", "rows += [at + h * row_pitch for", "rows += [at + 1 + h * row_pitch for"),
    "blocks one input short": (PLANS, "run/toom_plan.py", "(one.kind.window - one.kind.outputs)", "(one.kind.window - one.kind.outputs - 1)"),
    "outputs from the uncropped beginning": (PLANS, "run/toom_plan.py", "one.axis.crop[0] // one.axis.stride * one.axis.stride - one.axis.crop[0]", "one.axis.crop[0] // one.axis.stride * one.axis.stride"),
    "weights at the point -1": (PLANS, "run/toom_plan.py", "2: ((1.0, 0.0), (0.5, 0.5), (0.5, -0.5), (0.0, 1.0)),", "2: ((1.0, 0.0), (0.5, 0.5), (-0.5, 0.5), (0.0, 1.0)),"),
    "weights not turned": (PLANS, "run/toom_plan.py", "for number in range(most - 1, -1, -1)", "for number in range(most)"),
    "places from the uncropped beginning": (PLANS, "run/gemm_plan.py", '"first_output": before * last.stride - last.crop[0],', '"first_output": before * last.stride,'),
    "strips without what reaches in": (PLANS, "run/gemm_plan.py", "-((reach - low - begin) // s)", "-((-low - begin) // s)"),
    "phases without the dilation": (PLANS, "run/gemm_plan.py", "index * last.dilation % last.stride)", "index % last.stride)"),
    "products take no memory": (BESIDE + "::test_scratch_memory_is_as_small_as_is_said", "run/toom_plan.py", "worked_in = held + product_bytes +", "worked_in = held +"),
    "planes take no memory": (BESIDE + "::test_scratch_memory_is_as_small_as_is_said", "run/toom_plan.py", "worked_in = held + product_bytes +", "worked_in = product_bytes +"),
    "threads decide on the kernel": ("tests/test_native_same.py", "run/engine.py", "{name: self._tiling(name, batch, size, 1) for", "{name: self._tiling(name, batch, size, threads) for"),
    "pixels are not seen": (WHOLE, "run/by_core.py", "return not x.flags.c_contiguous and x.transpose", "return False and x.transpose"),
    "out over x, the second time": (AGAIN, "run/by_core.py", " and not np.may_share_memory(x, out)", ""),
    "weights that were finite once": (AGAIN, "run/repeated.py", "if not packed.finite:", "if False:"),
}  # fmt: skip


def run_tests(package: Path, tests: list[str]) -> subprocess.CompletedProcess[str]:
    """Some of the suite against the package in ``package``'s folder."""
    root = Path(__file__).parents[1]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-n0", "-p", "no:cacheprovider", "--no-header", "-q", *tests],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(package.parent), "DECONVS_TESTED": str(package)},
        capture_output=True,
        text=True,
        timeout=300,
    )


def copied(tmp_path: Path) -> Path:
    """A fresh copy of the package, which computes with the same native core as the original."""
    source = Path(deconvs.__file__).parent
    package = Path(shutil.copytree(source, tmp_path / "deconvs", ignore=shutil.ignore_patterns("__pycache__", "*.so")))
    for core in source.glob("_native.*.so"):
        (package / core.name).symlink_to(core)
    return package


@pytest.mark.parametrize("tests", [QUICK, [RUN, PLAN, NAMES, SOLVER, LINT]], ids=["quick", "said"])
def test_an_unchanged_copy_passes(tests: list[str], tmp_path: Path) -> None:
    result = run_tests(copied(tmp_path), tests)
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"^\d+ passed", result.stdout, re.MULTILINE)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mistake_makes_the_suite_fail(mutant: str, tmp_path: Path) -> None:
    must_fail(QUICK, *MUTANTS[mutant], tmp_path)


@pytest.mark.parametrize("mutant", SAID)
def test_a_mistake_in_what_is_said_makes_its_tests_fail(mutant: str, tmp_path: Path) -> None:
    tests, *mistake = SAID[mutant]
    must_fail([tests], *mistake, tmp_path)


@pytest.mark.parametrize("mutant", PICTURES)
def test_a_mistake_in_a_picture_makes_its_tests_fail(mutant: str, tmp_path: Path) -> None:
    tests, *mistake = PICTURES[mutant]
    must_fail([tests], *mistake, tmp_path)


@pytest.mark.skipif(native.load() is None, reason=f"no native core: {native.why_not()}")
@pytest.mark.parametrize("mutant", PLANNED)
def test_a_mistake_in_a_plan_makes_its_tests_fail(mutant: str, tmp_path: Path) -> None:
    tests, *mistake = PLANNED[mutant]
    must_fail([tests], *mistake, tmp_path)


def must_fail(tests: list[str], file: str, right: str, wrong: str, tmp_path: Path) -> None:
    package = copied(tmp_path)
    source = (package / file).read_text()
    assert source.count(right) == 1, "the seeded mistake no longer fits the code"
    (package / file).write_text(source.replace(right, wrong))
    result = run_tests(package, tests)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "1 failed" in result.stdout, result.stdout + result.stderr
