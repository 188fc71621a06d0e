// Prompts in the form and with the meaning that AUTOMATIC1111's web UI gives them: emphasis, BREAK, prompts that are
// composed by AND, and tags in angle brackets. What changes in the course of sampling is in a1111_schedule.h. Pure functions:
// any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/sd/text/prompt.h"

namespace weft::sd {

/// A run of text of one weight, or a BREAK, which ends a chunk.
struct EmphasisRun {
  std::string text;
  double weight = 1;
  bool is_break = false;
  bool operator==(const EmphasisRun&) const = default;
};

/// (x) multiplies the weight by 1.1, (x:1.2) by 1.2, [x] divides it by 1.1; brackets that are never closed count up to the
/// end. \ takes a bracket's or another \'s meaning away. Neighbours of equal weight are one run. Never empty.
std::vector<EmphasisRun> parse_emphasis(std::string_view prompt);

/// One of several prompts that are composed by AND: each moves the picture away from the negative side by its weight (Liu et
/// al. 2022, arXiv:2206.01714).
struct ComposedPrompt {
  std::string text;
  double weight = 1;
  bool operator==(const ComposedPrompt&) const = default;
};

/// "a AND b:0.5"; a number behind the last colon is the weight, also where there is no AND. At least one.
std::vector<ComposedPrompt> split_composed(std::string_view prompt);

/// A tag in angle brackets, "<lora:name:0.8>".
struct NetworkTag {
  std::string kind;  ///< "lora"
  std::string name;
};

/// The prompt without its tags, which are put into `tags`.
std::string without_tags(std::string_view prompt, std::vector<NetworkTag>& tags);

/// How a prompt becomes chunks: filled from left to right, BREAK begins another. Where a chunk is full, what stands behind its
/// last comma, at most 20 tokens, moves on to the next. Throws NodeError for a prompt beyond the bounds of prompt.h.
std::vector<TokenChunk> tokenize_a1111(
    const Tokenizer& tokenizer, std::string_view prompt, std::int64_t length = 77, const LearnedWords& learned = {});

}  // namespace weft::sd
