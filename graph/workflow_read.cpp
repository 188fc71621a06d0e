// Reading a workflow file. Each function takes one part of the file, notes what is wrong with it, and goes
// on, so that one reading finds every problem.
#include <fmt/format.h>

#include "base/strict_json.h"
#include "base/text_file.h"
#include "graph/workflow.h"

namespace weft {
namespace {

using Json = nlohmann::ordered_json;

std::string with_article(const Json& json) {
  switch (json.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "a list";
    case Json::value_t::string:
      return "a text";
    case Json::value_t::boolean:
      return "true or false";
    default:
      return "a number";
  }
}

/// Splits "node.port" at the last dot: ids may hold dots, names of ports do not.
std::optional<PortRef> port_ref(std::string_view text) {
  const std::size_t dot = text.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == text.size()) return std::nullopt;
  return PortRef{std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
}

class Reader {
 public:
  explicit Reader(const std::string& source) : source_(source) {}

  Workflow read(const Json& json) {
    check_format(json);
    for (const auto& [key, value] : json.items()) {
      if (key == "weft") continue;
      if (key == "nodes")
        read_graph(value, "/nodes", workflow_.graph);
      else if (key == "interface")
        read_interface(value);
      else if (key == "subgraphs")
        read_subgraphs(value);
      else
        workflow_.extra[key] = value;
    }
    if (!json.contains("nodes"))
      complain("", "nodes", "the file has no 'nodes'", "add an object with the nodes by their ids");
    note_problems_of([&] { innermost_first(workflow_.subgraphs); });
    if (!problems_.empty()) throw GraphError(std::move(problems_));
    return std::move(workflow_);
  }

 private:
  [[noreturn]] void refuse(const std::string& what, const std::string& remedy) const {
    throw GraphError(Problem{.what = source_ + " " + what, .remedy = remedy});
  }

  void complain(const std::string& node, const std::string& port, std::string what, std::string remedy) {
    problems_.push_back({.node = node.empty() ? "" : scope_ + node,
        .port = node.empty() ? "" : port,
        .what = (node.empty() ? source_ + ": " : "") + std::move(what),
        .remedy = std::move(remedy)});
  }

  /// Notes a wrong shape, unless `right`; returns `right`.
  bool expect(bool right, const Json& json, const std::string& node, const std::string& port,
      const std::string& pointer, const std::string& wanted) {
    if (!right)
      complain(node, port, fmt::format("'{}' is {}, not {}", pointer, with_article(json), wanted), "write " + wanted);
    return right;
  }

  void check_format(const Json& json) const {
    if (!json.is_object()) refuse("is no Weft workflow: it holds " + with_article(json), "a workflow is a JSON object");
    if (!json.contains("weft"))
      refuse("is no Weft workflow: the key 'weft' is missing",
          fmt::format("begin the file with {{\"weft\": {}, ...", kWorkflowVersion));
    const Json& version = json["weft"];
    if (!version.is_number_integer() || version < 1)
      refuse(fmt::format("has the format version {}, which never was", version.dump()),
          fmt::format("this program reads version {}", kWorkflowVersion));
    if (version > kWorkflowVersion)
      refuse(
          fmt::format("has the format version {}, this program knows those up to {}", version.dump(), kWorkflowVersion),
          "update Weft");
  }

  template <class Check>
  void note_problems_of(const Check& check) {
    try {
      check();
    } catch (const GraphError& error) {
      problems_.insert(problems_.end(), error.problems().begin(), error.problems().end());
    }
  }

  void read_graph(const Json& json, const std::string& at, Graph& graph) {
    if (!expect(json.is_object(), json, "", "", at, "an object of nodes by their ids")) return;
    std::vector<GraphNode> nodes;
    nodes.reserve(json.size());
    for (const auto& [id, value] : json.items()) nodes.push_back(read_node(id, value, at + pointer_step(id)));
    try {
      graph.add_all(std::move(nodes));
    } catch (const GraphError& error) {
      for (Problem problem : error.problems()) {
        problem.node = problem.node.empty() ? problem.node : scope_ + problem.node;
        problems_.push_back(std::move(problem));
      }
    }
  }

  /// A node of a wrong shape is kept with what is right of it, so that links to it are not reported as well.
  GraphNode read_node(const std::string& id, const Json& json, const std::string& at) {
    GraphNode node{.id = id, .type = "unknown"};
    if (!expect(json.is_object(), json, id, "", at, "an object with the node's type")) return node;
    if (!json.contains("type"))
      complain(id, "", "the node has no 'type'", "give it one, such as \"type\": \"image.load\"");
    for (const auto& [key, value] : json.items()) {
      const std::string here = at + pointer_step(key);
      if (key == "type") {
        if (expect(value.is_string(), value, id, "", here, "a text")) node.type = value;
      } else if (key == "title") {
        if (expect(value.is_string(), value, id, "", here, "a text")) node.title = value;
      } else if (key == "state") {
        read_state(node, value, here);
      } else if (key == "ui") {
        if (expect(value.is_object(), value, id, "", here, "an object")) node.ui = value;
      } else if (key == "inputs") {
        if (!expect(value.is_object(), value, id, "", here, "an object of values by their ports")) continue;
        for (const auto& [port, input] : value.items()) read_input(node, port, input, here + pointer_step(port));
      } else {
        node.extra[key] = value;
      }
    }
    return node;
  }

  void read_state(GraphNode& node, const Json& json, const std::string& at) {
    if (json == "muted")
      node.state = NodeState::Muted;
    else if (json == "bypassed")
      node.state = NodeState::Bypassed;
    else
      complain(node.id, "", fmt::format("'{}' is {}, which is no state of a node", at, json.dump()),
          "write \"muted\" or \"bypassed\", or leave it out");
  }

  void read_input(GraphNode& node, const std::string& port, const Json& json, const std::string& at) {
    if (!json.is_object()) {
      node.inputs.emplace(port, Literal(json));
      return;
    }
    const std::string key = json.size() == 1 ? json.begin().key() : "";
    if (key == "value") {
      node.inputs.emplace(port, Literal(json.front()));
    } else if (key == "link") {
      if (auto link = read_link(node.id, port, json.front(), at + "/link"))
        node.inputs.emplace(port, Links{*std::move(link)});
    } else if (key == "links") {
      if (!expect(json.front().is_array(), json.front(), node.id, port, at + "/links", "a list of \"node.output\""))
        return;
      Links links;
      for (const auto& [index, text] : json.front().items())
        if (auto link = read_link(node.id, port, text, at + "/links/" + index)) links.push_back(*std::move(link));
      node.inputs.emplace(port, std::move(links));
    } else {
      complain(node.id, port,
          fmt::format("'{}' is an object without exactly one of the keys 'link', 'links', 'value'", at),
          "write {\"link\": \"node.output\"}, or {\"value\": {...}} for a literal object");
    }
  }

  std::optional<PortRef> read_link(
      const std::string& node, const std::string& port, const Json& json, const std::string& at) {
    if (!expect(json.is_string(), json, node, port, at, "a text \"node.output\"")) return std::nullopt;
    std::optional<PortRef> ref = port_ref(json.get_ref<const std::string&>());
    if (!ref)
      complain(node, port, fmt::format("'{}' is {}, which names no output", at, json.dump()), "write \"node.output\"");
    return ref;
  }

  void read_interface(const Json& json) {
    if (!expect(json.is_object(), json, "", "", "/interface", "an object")) return;
    Interface& interface = workflow_.interface;
    for (const auto& [key, value] : json.items()) {
      if (key == "inputs")
        read_names(value, "/interface/inputs", false, interface.inputs);
      else if (key == "outputs")
        read_names(value, "/interface/outputs", true, interface.outputs);
      else
        interface.extra[key] = value;
    }
  }

  void read_names(
      const Json& json, const std::string& at, bool node_alone_is_enough, std::map<std::string, PortRef>& names) {
    const std::string wanted = node_alone_is_enough ? "a text \"node.output\" or \"node\"" : "a text \"node.port\"";
    if (!expect(json.is_object(), json, "", "", at, "an object of ports by their names")) return;
    for (const auto& [name, value] : json.items()) {
      const std::string here = at + pointer_step(name);
      if (!expect(value.is_string(), value, "", "", here, wanted)) continue;
      const std::string& text = value.get_ref<const std::string&>();
      std::optional<PortRef> ref = port_ref(text);
      if (!ref && node_alone_is_enough) ref = node_alone(text);
      if (!ref || name.empty())
        complain("", "", fmt::format("'{}' is {}, which names no port", here, value.dump()), "write " + wanted);
      else
        names.emplace(name, *ref);
    }
  }

  /// "save"; an id with dots is written with one more: "save.me."
  static std::optional<PortRef> node_alone(std::string_view text) {
    if (text.ends_with('.'))
      text.remove_suffix(1);
    else if (text.find('.') != std::string_view::npos)
      return std::nullopt;
    if (text.empty()) return std::nullopt;
    return PortRef{std::string(text), ""};
  }

  void read_subgraphs(const Json& json) {
    if (!expect(json.is_object(), json, "", "", "/subgraphs", "an object of definitions by their names")) return;
    for (const auto& [name, value] : json.items()) {
      scope_ = address_in_subgraph(name, "");
      Subgraph& subgraph = workflow_.subgraphs.try_emplace(name).first->second;
      read_subgraph(subgraph, value, "/subgraphs" + pointer_step(name));
      note_problems_of([&] { check_definition(name, subgraph); });
    }
    scope_.clear();
  }

  void read_subgraph(Subgraph& subgraph, const Json& json, const std::string& at) {
    if (!expect(json.is_object(), json, "", "", at, "an object with the nodes of the subgraph")) return;
    for (const auto& [key, value] : json.items()) {
      const std::string here = at + pointer_step(key);
      if (key == "title") {
        if (expect(value.is_string(), value, "", "", here, "a text")) subgraph.title = value;
      } else if (key == "nodes") {
        read_graph(value, here, subgraph.graph);
      } else if (key == "interface") {
        read_ports(value, here, subgraph.interface);
      } else {
        subgraph.extra[key] = value;
      }
    }
    if (!json.contains("nodes"))
      complain("", "", fmt::format("'{}' has no 'nodes'", at), "add an object with the nodes by their ids");
  }

  void read_ports(const Json& json, const std::string& at, SubgraphInterface& interface) {
    if (!expect(json.is_object(), json, "", "", at, "an object")) return;
    for (const auto& [key, value] : json.items()) {
      const std::string here = at + pointer_step(key);
      if (key != "inputs" && key != "outputs") {
        interface.extra[key] = value;
        continue;
      }
      if (!expect(value.is_object(), value, "", "", here, "an object of ports by their names")) continue;
      for (const auto& [name, port] : value.items()) {
        const std::string there = here + pointer_step(name);
        if (key == "inputs")
          interface.inputs.push_back({name, read_targets(port, there)});
        else if (auto source = read_inner_port(port, there))
          interface.outputs.push_back({name, *std::move(source)});
      }
    }
  }

  /// "node.port", or a list of them.
  std::vector<PortRef> read_targets(const Json& json, const std::string& at) {
    std::vector<PortRef> targets;
    const auto add = [&](const Json& port, const std::string& here) {
      if (auto target = read_inner_port(port, here)) targets.push_back(*std::move(target));
    };
    if (!json.is_array()) {
      add(json, at);
    } else {
      for (const auto& [index, port] : json.items()) add(port, at + "/" + index);
    }
    return targets;
  }

  std::optional<PortRef> read_inner_port(const Json& json, const std::string& at) {
    if (!expect(json.is_string(), json, "", "", at, "a text \"node.port\"")) return std::nullopt;
    std::optional<PortRef> ref = port_ref(json.get_ref<const std::string&>());
    if (!ref) complain("", "", fmt::format("'{}' is {}, which names no port", at, json.dump()), "write \"node.port\"");
    return ref;
  }

  const std::string& source_;
  std::string scope_;  // before the ids of nodes in problems: "subgraph:upscale/"
  Workflow workflow_;
  std::vector<Problem> problems_;
};

}  // namespace

Workflow parse_workflow(std::string_view text, const std::string& source) {
  return Reader(source).read(read_json(text, source));
}

Workflow load_workflow(const std::filesystem::path& file) {
  return parse_workflow(read_text_file(file), file.string());
}

}  // namespace weft
