// weft plugin: makes plugin projects, lists what is installed, checks a plugin library.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/catalogue.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "plugins/check.h"
#include "plugins/new_plugin.h"

namespace weft::cli {

namespace {

/// A name that cannot be one, a folder that is not empty, a file that is not there: wrong usage, not a
/// failure.
template <class Call>
Exit with_usage_errors(Call call) {
  try {
    return call();
  } catch (const PluginError& error) {
    say(error.what());
    return Exit::Invalid;
  }
}

void print_list(const Catalogue& catalogue) {
  for (const PluginInfo& plugin : catalogue.host.plugins()) {
    if (plugin.problem.empty())
      print(one_line(fmt::format(
                "{} {}  {} nodes  {}", plugin.id, plugin.version, plugin.nodes.size(), plugin.library.string())) +
          '\n');
    else  // the sentence names the plugin, or its file where there is no telling
      print("not taken in: " + message_line(plugin.problem) + '\n');
  }
}

void print_list_json(const Catalogue& catalogue) {
  nlohmann::json list = nlohmann::json::array();
  for (const PluginInfo& plugin : catalogue.host.plugins())
    list.push_back({{"id", plugin.id}, {"version", plugin.version}, {"library", plugin.library.string()},
        {"manifest", plugin.manifest.string()}, {"nodes", plugin.nodes}, {"problem", plugin.problem}});
  print_json(list);
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

Exit create(const std::string& name, const std::filesystem::path& folder) {
  create_plugin_project(name, folder);
  print(std::filesystem::absolute(folder).string() + '\n');
  say_lines(
      fmt::format("A plugin with one node, {}.stripes. To build, install and run it:\n"
                  "  cd {}\n  cmake -S . -B build && cmake --build build\n  cmake --install build\n"
                  "  weft run workflow.json\n",
          name, folder.string()));
  return Exit::Done;
}

void print_results(const std::vector<CheckResult>& results) {
  for (const CheckResult& result : results) {
    print(fmt::format("{:8} {}\n", name_of(result.verdict), result.test));
    for (const std::string& finding : result.findings) print("         " + message_line(finding) + '\n');
  }
}

Exit check(const std::filesystem::path& file, std::chrono::seconds limit, bool json) {
  const std::vector<CheckResult> results = check_plugin(file, {.limit = limit});
  if (json)
    print_json(results);
  else
    print_results(results);
  return all_passed(results) ? Exit::Done : Exit::Failed;
}

void add_new(CLI::App& plugin, Action& action) {
  auto name = std::make_shared<std::string>();
  auto folder = std::make_shared<std::filesystem::path>();
  CLI::App* command = plugin.add_subcommand("new", "Makes a plugin project that builds outside of Weft's tree");
  command->add_option("NAME", *name, "Lower case letters, digits and '_': paper_grain")->required();
  command->add_option("--dir", *folder, "The project's folder; ./NAME if not given")->type_name("DIR");
  command->callback([=, &action] {
    action = [=] {
      return with_usage_errors([&] { return create(*name, folder->empty() ? std::filesystem::path(*name) : *folder); });
    };
  });
}

void add_check(CLI::App& plugin, Action& action) {
  auto file = std::make_shared<std::filesystem::path>();
  auto seconds = std::make_shared<int>(60);
  auto json = std::make_shared<bool>(false);
  CLI::App* command = plugin.add_subcommand("check", "Tries what goes wrong in plugins, each test in its own process");
  command->add_option("FILE", *file, "A plugin's library, or its manifest")->required();
  command->add_option("--limit", *seconds, "Seconds that one test may take")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  command->add_flag("--json", *json, "As JSON");
  std::string footer = "Exit code 0 if no test failed, else 1. The tests:\n";
  for (const CheckTest& test : check_tests()) footer += fmt::format("  {:<16} {}\n", test.name, test.question);
  command->footer(footer);
  command->callback([=, &action] {
    action = [=] { return with_usage_errors([&] { return check(*file, std::chrono::seconds(*seconds), *json); }); };
  });
}

/// The process of one test, which check_plugin() starts.
void add_check_one(CLI::App& plugin, Action& action) {
  auto file = std::make_shared<std::filesystem::path>();
  auto test = std::make_shared<std::string>();
  CLI::App* command = plugin.add_subcommand("check-one")->group("");  // not shown in the help
  command->add_option("FILE", *file)->required();
  command->add_option("TEST", *test)->required();
  command->callback([=, &action] { action = [=] { return static_cast<Exit>(check_one(*file, *test)); }; });
}

}  // namespace

void add_plugin_command(CLI::App& app, Action& action) {
  CLI::App* plugin = app.add_subcommand("plugin", "Makes, lists and checks plugins");
  plugin->require_subcommand(1);
  add_new(*plugin, action);
  add_list(*plugin, action);
  add_check(*plugin, action);
  add_check_one(*plugin, action);
}

}  // namespace weft::cli
