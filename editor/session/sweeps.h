// What a document varies: its sweep (host/sweep.h), as gestures on the params of the nodes that are shown. [main-thread]
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "editor/session/document.h"
#include "host/sweep.h"

namespace weft::editor {

/// Without axes where the document has none, or holds under that key what is no sweep.
host::Sweep sweep(const Document& document);

/// How the sweep names a param of a node that is shown.
std::string sweep_name(const Document& document, const std::string& node, const std::string& port);

/// The node's part of that name.
std::string node_in_sweep(const Document& document, const std::string& node);

/// Which axis a param of a node that is shown has; nothing: it does not vary. Names of the interface are resolved.
std::optional<std::size_t> sweep_axis(
    const Document& document, const host::Sweep& sweep, const std::string& node, const std::string& port);

/// How many pictures the sweep makes; 0: it has none, or cannot run.
std::size_t sweep_size(const Document& document, const Registry& registry);

// Gestures, one step of undo each. Throw GraphError, and change nothing, where host::expand_sweep() would.

/// The param varies by these values. One that varied keeps its place, another one is added; of three the second gives way.
void vary(Document& document, const Registry& registry, const std::string& node, const PortInfo& port,
    const std::string& values);
void stop_varying(Document& document, const std::string& node, const std::string& port);
/// Rows become columns.
void swap_axes(Document& document);
void clear_sweep(Document& document);

/// What leads to a param once the workflow is `after`; nothing: it is gone. Names as sweep_name() gives them.
using ParamMove = std::function<std::optional<PortRef>(const Workflow& after, const PortRef& param)>;
/// `edits` of the whole workflow, with one more where its sweep has to follow them. What the interface has names for keeps its
/// name as long as there is one.
std::vector<Edit> with_sweep_following(const Document& document, std::vector<Edit> edits, const ParamMove& move);

}  // namespace weft::editor
