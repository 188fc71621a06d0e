// weft plugin: makes plugin projects, lists what is installed, checks a plugin library.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/catalogue.h"
#include "cli/command.h"
#include "cli/terminal.h"

namespace weft::cli {

namespace {

void print_list(const Catalogue& catalogue) {
  for (const PluginInfo& plugin : catalogue.host.plugins()) {
    fmt::print("{} {}  {} nodes  {}\n", plugin.id, plugin.version, plugin.nodes.size(), plugin.library.string());
    if (!plugin.problem.empty()) fmt::print("  not taken in: {}\n", one_line(plugin.problem));
  }
}

void print_list_json(const Catalogue& catalogue) {
  nlohmann::json list = nlohmann::json::array();
  for (const PluginInfo& plugin : catalogue.host.plugins())
    list.push_back({{"id", plugin.id},
                    {"version", plugin.version},
                    {"library", plugin.library.string()},
                    {"manifest", plugin.manifest.string()},
                    {"nodes", plugin.nodes},
                    {"problem", plugin.problem}});
  fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

Exit list(bool json) {
  const Catalogue catalogue;
  if (json)
    print_list_json(catalogue);
  else
    print_list(catalogue);
  return Exit::Done;
}

void add_list(CLI::App& plugin, Action& action) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = plugin.add_subcommand("list", "Lists the plugins that were found, also those that were refused");
  command->add_flag("--json", *json, "As JSON");
  command->callback([json, &action] { action = [json] { return list(*json); }; });
}

}  // namespace

void add_plugin_command(CLI::App& app, Action& action) {
  CLI::App* plugin = app.add_subcommand("plugin", "Makes, lists and checks plugins");
  plugin->require_subcommand(1);
  add_list(*plugin, action);
}

}  // namespace weft::cli
