// What the buttons beside problems do: in the list of problems, and in the summary of what is missing. [main-thread]
#pragma once

#include "editor/app/app.h"
#include "editor/session/remedies.h"

namespace weft::editor {

/// Does it, or asks for what it needs.
void carry_out(App& app, const ToldProblem& problem, const Remedy& remedy);

/// Lets the user choose a file for all of the params.
void choose_file_for(App& app, const std::vector<Spot>& params);

}  // namespace weft::editor
