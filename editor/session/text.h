// Texts that a user reads stand in the code in English, each inside one of these functions, which give it in the
// language that was chosen. Translations are gettext catalogues: editor/translations/ tells how one is made.
//
// What plugins declare (titles, menus, ports, choices) has catalogues of its own: node_text.h shows it.
// Not translated: the docs of plugins, what the engine says of problems, and `--help`.
//
// Rationale. A process has one language, so what was chosen is kept here and not handed to every panel. A lookup
// copies nothing. What was given out stays valid when another language is chosen.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::editor {

/// The text in the user's language; itself where there is no translation. Literals only.
const char* tr(const char* english);
/// "{} node", "{} nodes": languages have rules of their own for which one stands with a number.
const char* tr_n(const char* one, const char* several, std::size_t count);
/// Marks a text for translators that is given to tr() later: for tables.
constexpr const char* tr_later(const char* english) { return english; }
/// tr() for what ImGui takes as a name too: the name stays the English one in every language.
const char* label(const char* english);

/// fmt::format() with the translated text. The English one is checked by the compiler, translations by a test.
template <class... Values>
std::string tr_format(fmt::format_string<Values...> english, Values&&... values) {
  return fmt::vformat(tr(fmt::string_view(english).data()), fmt::make_format_args(values...));
}
/// "{} node", "{} nodes" with the number in it; `values` follow.
template <class... Values>
std::string tr_format_n(const char* one, const char* several, std::size_t count, Values&&... values) {
  return fmt::vformat(tr_n(one, several, count), fmt::make_format_args(count, values...));
}

/// A text that a plugin declares: itself where nobody has translated it. `context` tells apart what is written alike,
/// "node" the title from "port". See node_text.h.
const char* tr_declared(const char* context, const char* english);

struct Language {
  std::string code;  ///< "de"
  std::string name;  ///< "Deutsch"
};

/// What the environment asks for, the best first: "de_DE".
std::vector<std::string> wanted_languages();
/// All that have a catalogue in the folder, FOLDER/de/LC_MESSAGES/weft-edit.mo, and English.
std::vector<Language> languages(const std::filesystem::path& folder);
/// `code`: empty for what the environment asks for (LANGUAGE, LC_ALL, LC_MESSAGES, LANG). A language without a
/// catalogue is English. Also tells whether anything changed. [main-thread]
bool choose_language(const std::filesystem::path& folder, const std::string& code);
/// The code of the language that tr() speaks.
std::string language();

}  // namespace weft::editor
