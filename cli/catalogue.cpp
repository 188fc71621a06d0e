#include "cli/catalogue.h"

#include "cli/output.h"

namespace weft::cli {

std::vector<std::string> Catalogue::refused_plugins() const {
  std::vector<std::string> sentences;
  for (const PluginInfo& plugin : host.plugins())
    if (!plugin.problem.empty()) sentences.push_back(plugin.problem);
  return sentences;
}

void Catalogue::report_refused_plugins() const {
  for (const std::string& sentence : refused_plugins()) say(sentence);
}

}  // namespace weft::cli
