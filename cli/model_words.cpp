#include "cli/model_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "cli/output.h"
#include "cli/terminal.h"

namespace weft::cli {
namespace {

using nlohmann::json;

std::string text(const json& report, const char* key) {
  const auto found = report.find(key);
  if (found == report.end() || found->is_null()) return {};
  return one_line(found->is_string() ? found->get<std::string>() : found->dump());
}

std::string listed(const json& values) {
  std::vector<std::string> words;
  for (const json& value : values) words.push_back(value.is_string() ? value.get<std::string>() : value.dump());
  return one_line(fmt::format("{}", fmt::join(words, ", ")));
}

/// "4, alpha 1", "4 to 32"
std::string range(const json& pair) {
  const double least = pair.at(0).get<double>(), greatest = pair.at(1).get<double>();
  return least == greatest ? fmt::format("{}", least) : fmt::format("{} to {}", least, greatest);
}

std::string count_of(const json& counts) {
  std::vector<std::string> words;
  for (const auto& [name, count] : counts.items()) words.push_back(fmt::format("{} {}", count.dump(), name));
  return one_line(fmt::format("{}", fmt::join(words, ", ")));
}

}  // namespace

std::string model_summary(const json& report) {
  std::vector<std::string> words;
  if (report.contains("problem")) return "not usable: " + text(report, "problem");
  for (const char* key : {"kind", "family", "dtype"})
    if (const std::string word = text(report, key); !word.empty()) words.push_back(word);
  if (text(report, "prediction") == "v") words.emplace_back("v-prediction");
  if (report.contains("ranks")) words.push_back("rank " + range(report["ranks"]));
  if (report.contains("vectors")) words.push_back(fmt::format("{} vectors", report["vectors"].dump()));
  if (report.contains("scale")) words.push_back(report["scale"].dump() + "x");
  if (report.contains("resolution")) words.push_back("trained at " + text(report, "resolution"));
  if (report.contains("trigger_words")) words.push_back("trigger words: " + listed(report["trigger_words"]));
  if (report.contains("sha256")) words.push_back("sha256 " + text(report, "sha256").substr(0, 10));
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string model_text(const json& report) {
  std::string lines;
  const auto line = [&](const char* title, const std::string& value) {
    if (!value.empty()) lines += fmt::format("{:<18}{}\n", title, value);
  };
  line("file", text(report, "path"));
  line("kind", text(report, "kind"));
  line("family", text(report, "family"));
  line("format", text(report, "format"));
  if (report.contains("bytes")) line("size", size_text(report["bytes"].get<std::uint64_t>()));
  line("title", text(report, "title"));
  line("predicts", text(report, "prediction"));
  if (report.value("zero_terminal_snr", false)) line("noise", "zero terminal SNR");
  line("made for", text(report, "made_for"));
  if (report.contains("parameters")) line("parameters", text(report, "parameters"));
  if (report.contains("types")) line("types", count_of(report["types"]));
  if (report.contains("parts"))
    for (const auto& [name, part] : report["parts"].items()) {
      std::string about = fmt::format("{} tensors, {}", part.value("tensors", 0), text(part, "dtype"));
      for (const char* key :
          {"levels", "in_channels", "context", "latent_channels", "scaling_factor", "layers", "width"})
        if (part.contains(key)) about += fmt::format(", {} {}", key, part[key].dump());
      line(one_line(name).c_str(), one_line(about));
    }
  if (report.contains("forms")) line("forms", count_of(report["forms"]));
  if (report.contains("layers")) line("layers", count_of(report["layers"]));
  if (report.contains("ranks")) line("rank", range(report["ranks"]));
  if (report.contains("alphas")) line("alpha", range(report["alphas"]));
  line("network", text(report, "network"));
  if (report.contains("scale")) line("scale", report["scale"].dump() + "x");
  if (report.contains("embeddings"))
    for (const json& word : report["embeddings"])
      line("embedding",
          one_line(fmt::format("{} of {} values, \"{}\"", word["vectors"].dump(), word["width"].dump(),
              word["name"].get<std::string>())));
  if (report.contains("trigger_words")) line("trigger words", listed(report["trigger_words"]));
  line("trained at", text(report, "resolution"));
  line("trained on", text(report, "base_model"));
  if (report.value("unused_tensors", 0) > 0)
    line("unused tensors",
        fmt::format("{}, such as {}", text(report, "unused_tensors"), text(report, "unused_example")));
  line("sha256", text(report, "sha256"));
  return lines;
}

}  // namespace weft::cli
