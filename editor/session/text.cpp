#include "editor/session/text.h"

#include <algorithm>
#include <atomic>
#include <boost/locale/gnu_gettext.hpp>
#include <boost/locale/message.hpp>
#include <cstdlib>
#include <deque>
#include <locale>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/string_hash.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;
namespace gettext = boost::locale::gnu_gettext;

constexpr const char* kDomain = "weft-edit";
constexpr const char* kNodesDomain = "weft-nodes";  // what plugins declare
constexpr const char* kEnglish = "en";

/// One language's texts.
class Catalogue {
 public:
  Catalogue(const fs::path& folder, std::string code) : code_(std::move(code)) {
    const std::size_t mark = code_.find('_');
    gettext::messages_info info;
    info.language = code_.substr(0, mark);
    if (mark != std::string::npos) info.country = code_.substr(mark + 1);
    info.encoding = "UTF-8";
    info.domains.emplace_back(kDomain);  // 0
    info.domains.emplace_back(kNodesDomain);  // 1
    info.paths.push_back(folder.string());
    locale_ = std::locale(std::locale::classic(), gettext::create_messages_facet<char>(info));
    texts_ = &std::use_facet<boost::locale::message_format<char>>(locale_);
  }

  const std::string& code() const { return code_; }
  const char* find(const char* english) const { return texts_->get(0, nullptr, english); }
  const char* find(const char* one, std::size_t count) const {
    return texts_->get(0, nullptr, one, static_cast<int>(std::min<std::size_t>(count, 1'000'000)));
  }

  const char* find_declared(const char* context, const char* english) const { return texts_->get(1, context, english); }

  const char* label(const char* english) const {
    const std::scoped_lock lock(mutex_);
    const std::string_view key = english;
    if (const auto known = labels_.find(key); known != labels_.end()) return known->second.c_str();
    const char* text = find(english);
    return labels_.emplace(key, text ? fmt::format("{}###{}", text, english) : english).first->second.c_str();
  }

 private:
  std::string code_;
  std::locale locale_;
  const boost::locale::message_format<char>* texts_ = nullptr;
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::string, std::string, StringHash, std::equal_to<>> labels_;  // by the English text
};

std::atomic<const Catalogue*> current = nullptr;  // null: English

fs::path catalogue_file(const fs::path& folder, const std::string& code) {
  return folder / code / "LC_MESSAGES" / (std::string(kDomain) + ".mo");
}

/// "de_DE.UTF-8@euro" is "de_DE".
std::string without_encoding(const std::string& name) { return name.substr(0, name.find_first_of(".@")); }

/// Chinese is written in two ways, and its catalogues are named by the larger country of each.
std::string writing_of_chinese(const std::string& name) {
  if (name == "zh" || name.starts_with("zh_Hans") || name.starts_with("zh_SG")) return "zh_CN";
  if (name.starts_with("zh_Hant") || name.starts_with("zh_HK") || name.starts_with("zh_MO")) return "zh_TW";
  return name;
}

/// The catalogue that serves the language: its own, or that of the language without the country.
std::string served_by(const fs::path& folder, const std::string& name) {
  for (const std::string& code : {writing_of_chinese(name), name.substr(0, name.find('_'))}) {
    if (code == kEnglish) return code;
    if (std::error_code none; !code.empty() && fs::exists(catalogue_file(folder, code), none)) return code;
  }
  return {};
}

std::string chosen_code(const fs::path& folder, const std::string& asked) {
  for (const std::string& name : asked.empty() ? wanted_languages() : std::vector{asked})
    if (const std::string code = served_by(folder, name); !code.empty()) return code;
  return kEnglish;
}

}  // namespace

const char* tr(const char* english) {
  const Catalogue* catalogue = current.load(std::memory_order_acquire);
  const char* found = catalogue ? catalogue->find(english) : nullptr;
  return found ? found : english;
}

const char* tr_n(const char* one, const char* several, std::size_t count) {
  const Catalogue* catalogue = current.load(std::memory_order_acquire);
  const char* found = catalogue ? catalogue->find(one, count) : nullptr;
  return found ? found : count == 1 ? one : several;
}

const char* tr_declared(const char* context, const char* english) {
  const Catalogue* catalogue = current.load(std::memory_order_acquire);
  const char* found = catalogue ? catalogue->find_declared(context, english) : nullptr;
  return found ? found : english;
}

const char* label(const char* english) {
  const Catalogue* catalogue = current.load(std::memory_order_acquire);
  return catalogue ? catalogue->label(english) : english;
}

std::vector<std::string> wanted_languages() {
  std::string list;
  for (const char* variable : {"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"})
    if (const char* value = std::getenv(variable); value && *value) {
      list = value;
      break;
    }
  std::vector<std::string> names;
  for (std::size_t from = 0; from <= list.size();) {
    const std::size_t colon = std::min(list.find(':', from), list.size());
    names.push_back(without_encoding(list.substr(from, colon - from)));
    from = colon + 1;
  }
  return names;
}

std::vector<Language> languages(const fs::path& folder) {
  // Translators: the name of your language, in your language.
  constexpr const char* kName = tr_later("English");
  std::vector<Language> found{{kEnglish, kName}};
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const std::string code = entry.path().filename().string();
    if (!fs::exists(catalogue_file(folder, code), none)) continue;
    const Catalogue catalogue(folder, code);  // has the text
    const char* name = catalogue.find(kName);
    found.push_back({code, name ? name : code});
  }
  std::ranges::sort(found, {}, &Language::name);
  return found;
}

bool choose_language(const fs::path& folder, const std::string& code) {
  static std::deque<Catalogue> opened;  // kept: texts of each may still be shown
  const std::string chosen = chosen_code(folder, code);
  if (chosen == language()) return false;
  const auto known = std::ranges::find(opened, chosen, &Catalogue::code);
  current = chosen == kEnglish ? nullptr : known != opened.end() ? &*known : &opened.emplace_back(folder, chosen);
  return true;
}

std::string language() {
  const Catalogue* catalogue = current.load();
  return catalogue ? catalogue->code() : kEnglish;
}

}  // namespace weft::editor
