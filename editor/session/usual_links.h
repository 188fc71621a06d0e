// Usual links: which node types people link to which, by the practice of the workflows that ship and of ComfyUI's. What a
// link that was dropped on nothing may lead to is offered in this order.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weft::editor {

/// How usual it is to lead a link from a node of `type`, where a value of `value_type` comes out (or goes in), to a node of
/// the type `other`: 0 is the most usual. Nothing: it is not usual at all.
std::optional<std::size_t> usual_rank(
    std::string_view type, std::string_view value_type, bool from_output, std::string_view other);

/// By which the settings remember how often the user has done it.
std::string link_usage_key(std::string_view value_type, bool from_output, std::string_view other);

}  // namespace weft::editor
