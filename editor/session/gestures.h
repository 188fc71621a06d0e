// Gestures: what a user does to a document, each one step of undo with a name. All throw GraphError with a
// reason and a remedy where it cannot be; the document is unchanged then. [main-thread]
//
// Those that take a drag's state each frame (move, set_param ...) merge into one step until
// Document::end_gesture().
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "editor/session/document.h"
#include "editor/session/geometry.h"
#include "editor/session/links.h"
#include "editor/session/text.h"

namespace weft::editor {

/// `wanted`, or with the first number behind it that makes it free: "load", "load_2".
std::string free_id(const Graph& graph, std::string_view wanted);

// Nodes.

/// What a new node has beside what its type says: see defaults.h.
struct Beginning {
  std::map<std::string, Literal> values = {};
  bool link_obvious = false;  ///< makes obvious_links() as a part of the same step
};

/// Gives the new node's id; selects it. "sample.ksampler" becomes "ksampler". A type that the registry does
/// not know is a placeholder.
std::string add_node(
    Document& document, const Registry& registry, const std::string& type, Point at, const Beginning& beginning = {});
/// The same, and links it to the end of a link that was dropped on empty canvas.
std::string add_linked_node(Document& document, const Registry& registry, const NodeChoice& choice, Point at,
    const LinkEnd& from, const Beginning& beginning = {});
/// With `heal`, what fed a node that goes feeds what the node fed, where types allow.
void remove(Document& document, const Registry& registry, const Selection& what, bool heal = false);
/// Takes nodes out of their links and heals these: for nodes that are dragged off.
void detach(Document& document, const Registry& registry, const Ids& nodes);
void rename(Document& document, const std::string& from, const std::string& to);
void set_title(Document& document, const std::string& node, const std::string& title);

/// Where each comes to lie; merges.
struct Positions {
  std::map<std::string, Point, std::less<>> nodes;
  std::map<std::string, Point, std::less<>> annotations;
};
/// `name`: "Move", "Arrange", "Align" ...
void move(Document& document, const Positions& positions, const std::string& name = tr("Move"));
/// Where they lie now: the start of a drag.
Positions positions(const Document& document, const Selection& what);

void set_collapsed(Document& document, const Ids& nodes, bool collapsed);
void set_colour(Document& document, const Ids& nodes, const std::string& colour);
void set_width(Document& document, const std::string& node, double width);  ///< merges
/// Shows a param as an input port, or as a widget again; any link at it goes in the latter case.
void show_as_input(Document& document, const std::string& node, const std::string& param, bool as_input);

// Params.

/// Merges. A null takes the default again.
void set_param(Document& document, const std::string& node, const std::string& port, const nlohmann::json& value);
/// The same value in several nodes: one step.
void set_param(
    Document& document, std::span<const std::string> nodes, const std::string& port, const nlohmann::json& value);

// Links.

/// Links the two; replaces what an input that takes one link had. Throws what check_link() says.
void connect(Document& document, const Registry& registry, const Link& link);
void disconnect(Document& document, const std::vector<Link>& links);
/// Takes one end of a link elsewhere: one step.
void reconnect(Document& document, const Registry& registry, const Link& from, const Link& to);
/// Puts a node that is in the graph into a link: source -> node -> target.
void insert_on_link(Document& document, const Registry& registry, const std::string& node, const Link& link);
/// Adds a new node into a link.
std::string add_on_link(Document& document, const Registry& registry, const std::string& type, Point at,
    const Link& link, const Beginning& beginning = {});
/// Links the best pair of ports of two nodes, whichever way fits. Throws where none fits.
Link lazy_connect(Document& document, const Registry& registry, const std::string& a, const std::string& b);

// Mute, bypass, subgraphs: all in the graph that is shown.

/// Active, muted or bypassed.
void set_state(Document& document, const Ids& nodes, NodeState state);
/// Moves the nodes into a new definition, and an instance in their place; selects it. `name` as in the title
/// of the instance: "Upscale"; it gets a number if the workflow has one of that name. Gives the instance.
std::string make_subgraph(Document& document, const Registry& registry, const Ids& nodes, const std::string& name);
/// Puts a definition's nodes in the place of its instance, and selects them.
void unpack_subgraph(Document& document, const Registry& registry, const std::string& instance);
void rename_subgraph(Document& document, const std::string& from, const std::string& to);
/// How many nodes stand for the definition, in the workflow and in other definitions.
std::size_t count_instances(const Workflow& workflow, const std::string& name);
/// Takes a definition away that nothing stands for; throws where something does.
void remove_subgraph(Document& document, const std::string& name);
/// Makes a port of a node inside the definition that is shown a port of its instances. Throws at the top.
void promote(Document& document, const LinkEnd& end);

// Interface: names for callers.

/// The name that it got: `wanted`, or with a number behind it.
std::string expose_input(Document& document, const PortRef& port, const std::string& wanted);
std::string expose_output(Document& document, const PortRef& port, const std::string& wanted);
void set_interface(Document& document, const std::string& step, const Interface& interface);

// Of the graph that is shown: the workflow's names for callers, or a definition's ports, where instances everywhere
// follow. Throw GraphError if there is no such name.

enum class Side : std::uint8_t { Input, Output };
/// Throws if `to` is empty or taken.
void rename_port(Document& document, Side side, const std::string& from, const std::string& to);
void remove_port(Document& document, Side side, const std::string& name);
/// Of a definition: places the port so many places further down; at the ends it stays. Names of a workflow have no order.
void move_port(Document& document, Side side, const std::string& name, int by);

}  // namespace weft::editor
