// Words that a tokenizer was given beside its vocabulary, such as "<cat-toy>" of a textual inversion: each is
// one token. They are cut out of a text before the vocabulary sees it, as transformers does. A value.
// [any thread]
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/sd/text/code_points.h"

namespace weft::sd {

/// Whether spaces around a word belong to it (lstrip, rstrip) makes no difference to vocabularies that drop
/// spaces.
struct AddedToken {
  std::string content;  ///< not empty
  std::int64_t id = 0;
  bool normalised = true;    ///< it is looked for in normalised text, and is normalised itself
  bool single_word = false;  ///< not as a part of a longer word
};

class AddedTokens {
 public:
  using Normalise = std::function<CodePoints(std::string_view)>;

  explicit AddedTokens(Normalise normalise) : normalise_(std::move(normalise)) {}

  /// In place of one with the same content.
  void add(const AddedToken& token);

  struct Piece {
    std::optional<std::int64_t> id;  ///< a token, or else
    CodePoints text;            ///< what is between, normalised
  };

  /// From left to right, at each place the longest; first those that are not normalised, then in what is left
  /// the rest.
  std::vector<Piece> split(std::string_view text) const;

  /// The id of a whole word; -1 when there is none.
  std::int64_t find(std::string_view content) const;
  const std::map<std::string, AddedToken, std::less<>>& tokens() const { return tokens_; }

 private:
  struct Sought {
    std::string key;
    CodePoints content;
    std::int64_t id;
    bool single_word;
  };
  using Index = std::map<std::int32_t, std::vector<Sought>>;  ///< by the first code point, the longest first

  static std::vector<Piece> split(const CodePoints& text, const Index& index);

  Normalise normalise_;
  std::map<std::string, AddedToken, std::less<>> tokens_;
  Index as_they_are_, normalised_;
};

}  // namespace weft::sd
