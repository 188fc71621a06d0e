#include "editor/session/text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

#include "editor/session/key_chord.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

const fs::path kCatalogues = fs::path(WEFT_BINARY_DIR) / "share/weft/translations";
const fs::path kEditor = fs::path(WEFT_SOURCE_DIR) / "editor";

std::string read(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

class Text : public testing::Test {
 protected:
  void TearDown() override { choose_language({}, "en"); }
};

TEST_F(Text, IsEnglishUntilALanguageIsChosen) {
  EXPECT_EQ(language(), "en");
  const char* undo = "Undo";
  EXPECT_EQ(tr(undo), undo);
  EXPECT_EQ(label(undo), undo);
}

TEST_F(Text, IsGivenInTheChosenLanguage) {
  EXPECT_TRUE(choose_language(kCatalogues, "de"));
  EXPECT_EQ(language(), "de");
  EXPECT_STREQ(tr("Undo"), "Rückgängig");
  EXPECT_EQ(tr_format("Saved {}", "a.json"), "a.json gespeichert");
  EXPECT_FALSE(choose_language(kCatalogues, "de")) << "nothing has changed";
}

TEST_F(Text, FollowsTheNumber) {
  EXPECT_EQ(tr_format_n("{} item", "{} items", 1), "1 item");
  EXPECT_EQ(tr_format_n("{} item", "{} items", 2), "2 items");
  choose_language(kCatalogues, "de");
  EXPECT_EQ(tr_format_n("{} item", "{} items", 1), "1 Element");
  EXPECT_EQ(tr_format_n("{} item", "{} items", 2), "2 Elemente");
}

TEST_F(Text, ThatNobodyTranslatedStaysEnglish) {
  choose_language(kCatalogues, "de");
  EXPECT_STREQ(tr("Of this there is no translation"), "Of this there is no translation");
}

TEST_F(Text, OfALabelKeepsItsNameForTheLayout) {
  choose_language(kCatalogues, "de");
  EXPECT_STREQ(label("Nodes"), "Knoten###Nodes");
}

TEST_F(Text, IsLookedUpWithoutACopy) {
  choose_language(kCatalogues, "de");
  EXPECT_EQ(tr("Undo"), tr("Undo"));
  EXPECT_EQ(label("Nodes"), label("Nodes"));
}

TEST_F(Text, ThatWasGivenOutOutlivesItsLanguage) {
  choose_language(kCatalogues, "de");
  const char* undo = tr("Undo");
  choose_language(kCatalogues, "en");
  EXPECT_STREQ(undo, "Rückgängig");
  EXPECT_STREQ(tr("Undo"), "Undo");
}

class TextByEnvironment : public Text {
 protected:
  void SetUp() override {
    for (const char* variable : {"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"}) unsetenv(variable);
  }
  std::string chosen() {
    choose_language(kCatalogues, "");
    return language();
  }
};

TEST_F(TextByEnvironment, IsEnglishIfItSaysNothing) { EXPECT_EQ(chosen(), "en"); }

TEST_F(TextByEnvironment, TakesTheLanguageOfTheLocale) {
  setenv("LANG", "de_AT.UTF-8", 1);
  EXPECT_EQ(chosen(), "de");
  setenv("LC_ALL", "C.UTF-8", 1);
  EXPECT_EQ(chosen(), "en") << "LC_ALL goes before LANG";
}

TEST_F(TextByEnvironment, TakesTheFirstOfAListThatIsThere) {
  setenv("LANGUAGE", "xx:de_DE:en", 1);
  EXPECT_EQ(chosen(), "de");
  setenv("LANGUAGE", "en:de", 1);
  EXPECT_EQ(chosen(), "en");
}

TEST_F(TextByEnvironment, TakesChineseByTheWayItIsWritten) {
  for (const char* simplified : {"zh_CN.UTF-8", "zh_SG.UTF-8", "zh", "zh_Hans", "zh_Hans_HK"}) {
    setenv("LANG", simplified, 1);
    EXPECT_EQ(chosen(), "zh_CN") << simplified;
  }
  for (const char* traditional : {"zh_TW.UTF-8", "zh_HK.UTF-8", "zh_Hant"}) {
    setenv("LANG", traditional, 1);
    EXPECT_EQ(chosen(), "en") << traditional;
  }
  setenv("LANG", "ja_JP.UTF-8", 1);
  EXPECT_EQ(chosen(), "ja");
}

TEST_F(Text, ListsItsLanguagesByTheirOwnNames) {
  std::vector<std::string> names;
  for (const Language& each : languages(kCatalogues)) names.push_back(each.code + " " + each.name);
  EXPECT_EQ(names, (std::vector<std::string>{"de Deutsch", "en English", "ja 日本語", "zh_CN 简体中文"}));
  EXPECT_EQ(languages("/no such folder").size(), 1u);
}

// The translations themselves.

struct Entry {
  std::string context;  ///< of what plugins declare
  std::string english;
  std::vector<std::string> translations;  ///< one, or one a plural form
  bool fuzzy = false;                     ///< not looked at since the English text changed
};

std::string quoted_part(const std::string& line) {
  const std::size_t from = line.find('"'), to = line.rfind('"');
  return from == std::string::npos || to <= from ? std::string{} : line.substr(from + 1, to - from - 1);
}

std::vector<Entry> entries_of(const fs::path& po) {
  std::vector<Entry> entries;
  std::string* into = nullptr;
  Entry next;
  std::istringstream lines(read(po));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#') || line.starts_with("msgctxt ")) into = nullptr;
    if (line.starts_with("#,")) next.fuzzy = line.find("fuzzy") != std::string::npos;
    if (line.starts_with("msgctxt ")) next.context = quoted_part(line);
    if (line.starts_with("msgid ")) {
      into = &entries.emplace_back(std::exchange(next, {})).english;
    }
    if (line.starts_with("msgid_plural ")) into = nullptr;
    if (line.starts_with("msgstr")) into = &entries.back().translations.emplace_back();
    if (into) *into += quoted_part(line);
  }
  entries.erase(entries.begin());  // the header
  return entries;
}

/// What stands in braces, by the argument that it shows.
std::map<int, std::string> placeholders(const std::string& format) {
  static const std::regex kPlace(R"(\{(\d*)(:[^}]*)?\})");
  std::map<int, std::string> found;
  int next = 0;
  for (std::sregex_iterator at(format.begin(), format.end(), kPlace), end; at != end; ++at)
    found[(*at)[1].length() ? std::stoi((*at)[1]) : next++] = (*at)[2];
  return found;
}

/// Of the editor's own texts, and of what plugins declare.
const std::vector<fs::path> kTemplates = {
    kEditor / "translations/weft-edit.pot", kEditor / "translations/nodes/weft-nodes.pot"};

std::vector<fs::path> translations_of(const fs::path& pot) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(pot.parent_path()))
    if (entry.path().extension() == ".po") found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

std::vector<fs::path> translations() {
  std::vector<fs::path> found;
  for (const fs::path& pot : kTemplates)
    for (const fs::path& po : translations_of(pot)) found.push_back(po);
  return found;
}

TEST(Translations, HaveThePlaceholdersOfTheEnglishText) {
  ASSERT_FALSE(translations().empty());
  for (const fs::path& file : translations())
    for (const Entry& entry : entries_of(file))
      for (const std::string& text : entry.translations)
        if (!text.empty()) {
          EXPECT_EQ(placeholders(text), placeholders(entry.english)) << file << ": " << text;
        }
}

TEST(Translations, AreToTheSameLanguages) {
  for (const fs::path& pot : kTemplates) {
    std::vector<std::string> languages;
    for (const fs::path& po : translations_of(pot)) languages.push_back(po.stem());
    EXPECT_EQ(languages, (std::vector<std::string>{"de", "ja", "zh_CN"})) << pot;
  }
}

TEST(Translations, LackNoText) {
  for (const fs::path& pot : kTemplates)
    for (const fs::path& po : translations_of(pot)) {
      std::set<std::pair<std::string, std::string>> translated;
      for (const Entry& entry : entries_of(po)) {
        EXPECT_FALSE(entry.fuzzy) << po << ": " << entry.english;
        for (const std::string& text : entry.translations) EXPECT_FALSE(text.empty()) << po << ": " << entry.english;
        translated.emplace(entry.context, entry.english);
      }
      for (const Entry& entry : entries_of(pot))
        EXPECT_TRUE(translated.contains({entry.context, entry.english})) << po << " lacks: " << entry.english;
    }
}

// Texts in the code.

struct Literal {
  std::string text;
  std::string callee;  ///< whose argument it is: "tr", "ImGui::Button"
  int line;
};

/// A C++ file's string literals, adjacent ones as one.
class LiteralScanner {
 public:
  explicit LiteralScanner(std::string code) : code_(std::move(code)) {}

  std::vector<Literal> scan() {
    while (at_ < code_.size()) step();
    return std::move(found_);
  }

 private:
  void step() {
    const char c = code_[at_];
    if (code_.compare(at_, 2, "//") == 0 || (c == '#' && at_line_start_)) return skip_line();
    if (c == '\'' && at_ > 0 && !std::isalnum(static_cast<unsigned char>(code_[at_ - 1]))) {
      at_ += code_[at_ + 1] == '\\' ? 4 : 3;  // a character
      return;
    }
    if (c == '"') return take_literal();
    if (c == '\n') ++line_;
    if (c == '(' || c == '{') callees_.push_back(c == '(' ? word_ : std::string{});
    if ((c == ')' || c == '}') && !callees_.empty()) callees_.pop_back();
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == ':')
      word_ += c;
    else if (!std::isspace(static_cast<unsigned char>(c)))
      word_.clear();
    else if (at_ + 1 < code_.size() && code_[at_ + 1] != '(')
      word_.clear();
    if (!std::isspace(static_cast<unsigned char>(c))) adjacent_ = false;
    at_line_start_ = c == '\n' || (at_line_start_ && std::isspace(static_cast<unsigned char>(c)));
    ++at_;
  }

  void skip_line() {
    while (at_ < code_.size() && code_[at_] != '\n') ++at_;
  }

  void take_literal() {
    std::string text;
    for (++at_; code_[at_] != '"'; ++at_) {
      if (code_[at_] == '\\') text += code_[at_++];
      text += code_[at_];
    }
    ++at_;
    if (adjacent_)
      found_.back().text += text;
    else
      found_.push_back({text, callees_.empty() ? std::string{} : callees_.back(), line_});
    adjacent_ = true;
    word_.clear();
  }

  const std::string code_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool at_line_start_ = true, adjacent_ = false;
  std::string word_;
  std::vector<std::string> callees_;
  std::vector<Literal> found_;
};

const std::set<std::string> kMarks = {"tr", "tr_later", "label", "tr_format", "tr_n", "tr_format_n"};

/// Whether a person would read it: it has a word that begins with a capital, or two words in a row.
bool is_prose(const std::string& text) {
  static const std::regex kProse(R"(^[A-Z][a-z]+( |$|\?|,|\.\.\.)|[A-Za-z]{2,} [a-z]{2,}|\}  ?[A-Za-z]{3,})");
  return std::regex_search(text, kProse);
}

/// "Ctrl+Y Ctrl+Shift+Z"
bool is_keys(const std::string& text) {
  std::istringstream words(text);
  for (std::string word; words >> word;)
    if (!parse_chord(word)) return false;
  return true;
}

/// Names that only the code knows, and texts that are for programmers.
bool is_name(const std::string& text, const std::string& callee) {
  static const std::set<std::string> kNames = {"node menu", "port menu", "link menu", "canvas menu", "param menu",
      "sweep menu", "dock space",
      "node type",  // of ImGui's things
      "viewer a", "viewer b", "Value", "Text", "Rename", "Commands", "Connect", "Find node", "Add node", "Replace",
      "Choose model", "Escape", "Weft", "Cfg", "Vae", "Clip", "Id", "Loaders", "Conditioning", "Latent", "Sampling",
      "Image", "Mask"};  // menus that plugins declare
  return kNames.contains(text) || is_keys(text) || callee.ends_with("invalid_argument") ||
      text.find("##") != std::string::npos || text.starts_with("/usr/");
}

std::vector<fs::path> code_with_texts() {
  std::vector<fs::path> found;
  for (const char* folder : {"app", "canvas", "panels", "widgets", "window", "session"})
    for (const auto& entry : fs::directory_iterator(kEditor / folder))
      if (const std::string name = entry.path().filename(); entry.path().extension() == ".cpp" &&
          name != "key_chord.cpp" && name != "fonts.cpp" && name != "solid_fills.cpp" &&  // shaders
          name != "window.cpp")  // what it says goes to the terminal, as --help does
        found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

TEST(Texts, AreAllMarkedForTranslators) {
  std::map<fs::path, std::vector<Literal>> all;
  std::set<std::string> marked;
  for (const fs::path& file : code_with_texts()) {
    all[file] = LiteralScanner(read(file)).scan();
    for (const Literal& each : all[file])
      if (kMarks.contains(each.callee)) marked.insert(each.text);
  }
  EXPECT_GT(marked.size(), 300u) << "the scanner finds nothing";
  for (const auto& [file, literals] : all)
    for (const Literal& each : literals)
      if (is_prose(each.text) && !marked.contains(each.text) && !is_name(each.text, each.callee)) {
        ADD_FAILURE() << file.string() << ':' << each.line << ": \"" << each.text
                      << "\" is in no tr(): see editor/session/text.h";
      }
}

TEST(Texts, ScannerSeesAdjacentLiteralsAndWhoseArgumentTheyAre) {
  const auto found =
      LiteralScanner("f(tr(\"One \"\n  \"two\"), \"x\"); // \"no\"\n#include \"no\"\n'\"'; g(\"y\");").scan();
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].text, "One two");
  EXPECT_EQ(found[0].callee, "tr");
  EXPECT_EQ(found[1].callee, "f");
  EXPECT_EQ(found[2].callee, "g");
}

}  // namespace
}  // namespace weft::editor
