// A value that is no picture, as its type describes it (ValueType::describe): tensors as shape, range and
// histogram, lists of numbers as curves, tables, and whatever else as text. docs/writing-a-plugin.md tells
// the keys.
#pragma once

#include "editor/window/theme.h"
#include "runs/run_state.h"

namespace weft::editor {

void draw_value(const Theme& theme, const ValueType* type, const runs::OutputView& output);
/// The short facts of it alone, a line each: for a tooltip.
void draw_facts(const Theme& theme, const runs::OutputView& output);

}  // namespace weft::editor
