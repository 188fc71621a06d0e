// weft nodes: the catalogue of node types, or the help of one. Reads manifests only, so it starts at once.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/catalogue.h"
#include "cli/command.h"
#include "cli/node_help.h"
#include "cli/output.h"

namespace weft::cli {

namespace {

struct NodesOptions {
  std::string id;
  bool json = false;
  bool markdown = false;
};

std::vector<const NodeInfo*> chosen_nodes(const NodesOptions& options, const Registry& registry) {
  if (options.id.empty()) return registry.nodes();
  if (const NodeInfo* node = registry.find(options.id)) return {node};
  const std::vector<std::string> near = registry.nearest(options.id);
  throw GraphError(Problem{"", "", fmt::format("there is no node type '{}'", options.id),
      near.empty() ? "`weft nodes` lists them" : fmt::format("did you mean {}?", fmt::join(near, ", "))});
}

void print_json(const std::vector<const NodeInfo*>& nodes, bool one) {
  nlohmann::json list = nlohmann::json::array();
  for (const NodeInfo* node : nodes) list.push_back(*node);
  cli::print_json(one ? list[0] : list);
}

Exit nodes(const NodesOptions& options) {
  const Catalogue catalogue;
  catalogue.report_refused_plugins();
  const std::vector<const NodeInfo*> chosen = chosen_nodes(options, catalogue.registry);
  if (options.json) {
    print_json(chosen, !options.id.empty());
  } else if (options.markdown) {
    print(catalogue_markdown(chosen));
  } else {
    print(options.id.empty() ? catalogue_text(chosen) : node_text(*chosen[0]));
  }
  return Exit::Done;
}

}  // namespace

void add_nodes_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<NodesOptions>();
  CLI::App* command = app.add_subcommand("nodes", "Lists the node types, or explains one");
  command->footer("Example: weft nodes sample.ksampler");
  command->add_option("ID", options->id, "A node type, as in a workflow's \"type\"");
  CLI::Option* json = command->add_flag("--json", options->json, "As JSON, with everything that is declared");
  command->add_flag("--markdown", options->markdown, "As a Markdown page")->excludes(json);
  command->callback([options, &action] { action = [options] { return nodes(*options); }; });
}

}  // namespace weft::cli
