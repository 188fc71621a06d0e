#include "nodes/sd/text/tokenizer_files.h"

#include <fmt/format.h>

#include <charconv>

#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/model_json.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t kLargestId = 10'000'000;

[[noreturn]] void refuse(const ConfigFile& file, const std::string& what) {
  throw ModelError(file.origin(), what, "download the whole tokenizer folder again");
}

std::int64_t id_of(const json& id, const ConfigFile& file, const std::string& content) {
  if (!id.is_number_unsigned() || id.get<std::uint64_t>() > kLargestId)
    refuse(file, fmt::format("gives the added token \"{}\" an id that is none", content));
  return id.get<std::int64_t>();
}

/// {"content": "<cat-toy>", "normalized": true, "single_word": false, ...}
AddedToken token_of(const json& token, const ConfigFile& file) {
  const auto content = token.is_object() ? token.find("content") : token.end();
  if (!token.is_object() || content == token.end() || !content->is_string() ||
      content->get_ref<const std::string&>().empty())
    refuse(file, "has an added token without content");
  const auto flag = [&](const char* key) {
    const auto found = token.find(key);
    if (found == token.end()) return false;
    if (!found->is_boolean())
      refuse(file,
          fmt::format(
              "says of the added token \"{}\" a {} that is neither true nor false", content->get<std::string>(), key));
    return found->get<bool>();
  };
  return {content->get<std::string>(), 0, flag("normalized"), flag("single_word")};
}

void add_from_tokenizer_json(const ConfigFile& file, std::vector<AddedToken>& tokens) {
  const json& list = file["added_tokens"];
  if (list.is_null()) return;
  if (!list.is_array()) refuse(file, "has added_tokens that are no list");
  for (const json& item : list) {
    AddedToken token = token_of(item, file);
    token.id = id_of(item.contains("id") ? item["id"] : json(), file, token.content);
    tokens.push_back(std::move(token));
  }
}

/// {"<cat-toy>": 49408}
void add_from_old_file(const fs::path& path, std::vector<AddedToken>& tokens) {
  const ConfigFile file(path);
  if (!file.exists()) return;
  for (const auto& [content, id] : file.values().items()) {
    if (content.empty()) refuse(file, "has an added token without content");
    tokens.push_back({content, id_of(id, file, content)});
  }
}

/// {"49408": {"content": "<cat-toy>", ...}}
void add_from_decoder(const ConfigFile& file, std::vector<AddedToken>& tokens) {
  const json& decoder = file["added_tokens_decoder"];
  if (decoder.is_null()) return;
  if (!decoder.is_object()) refuse(file, "has an added_tokens_decoder that is no object");
  for (const auto& [key, item] : decoder.items()) {
    AddedToken token = token_of(item, file);
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token.id);
    if (error != std::errc() || end != key.data() + key.size() || token.id < 0 || token.id > kLargestId)
      refuse(file, fmt::format("gives the added token \"{}\" an id that is none", token.content));
    tokens.push_back(std::move(token));
  }
}

}  // namespace

std::vector<AddedToken> added_tokens_of(const fs::path& folder) {
  std::vector<AddedToken> tokens;
  add_from_tokenizer_json(ConfigFile(folder / "tokenizer.json"), tokens);
  add_from_old_file(folder / "added_tokens.json", tokens);
  add_from_decoder(ConfigFile(folder / "tokenizer_config.json"), tokens);
  return tokens;
}

}  // namespace weft::sd
