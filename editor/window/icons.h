// Icons: glyphs of Font Awesome 6 (solid), which are merged into every text font.
#pragma once

namespace weft::editor::icon {

inline constexpr char kPlay[] = "\uf04b";
inline constexpr char kPlayTo[] = "\uf051";
inline constexpr char kStop[] = "\uf04d";
inline constexpr char kPause[] = "\uf04c";
inline constexpr char kUndo[] = "\uf2ea";
inline constexpr char kRedo[] = "\uf2f9";
inline constexpr char kSave[] = "\uf0c7";
inline constexpr char kOpen[] = "\uf07c";
inline constexpr char kFile[] = "\uf15b";
inline constexpr char kFolder[] = "\uf07b";
inline constexpr char kPlus[] = "\u002b";
inline constexpr char kCross[] = "\uf00d";
inline constexpr char kSearch[] = "\uf002";
inline constexpr char kDone[] = "\uf00c";
inline constexpr char kCached[] = "\uf0e7";
inline constexpr char kFailed[] = "\uf06a";
inline constexpr char kWarning[] = "\uf071";
inline constexpr char kInfo[] = "\uf05a";
inline constexpr char kQueued[] = "\uf252";
inline constexpr char kSkipped[] = "\uf05e";
inline constexpr char kShuffle[] = "\uf074";
inline constexpr char kDice[] = "\uf523";
inline constexpr char kLock[] = "\uf023";
inline constexpr char kArrowUp[] = "\uf062";
inline constexpr char kArrowDown[] = "\uf063";
inline constexpr char kEye[] = "\uf06e";
inline constexpr char kClock[] = "\uf017";
inline constexpr char kImage[] = "\uf03e";
inline constexpr char kSliders[] = "\uf1de";
inline constexpr char kNodes[] = "\uf542";
inline constexpr char kHistory[] = "\uf1da";
inline constexpr char kList[] = "\uf03a";
inline constexpr char kFit[] = "\uf065";
inline constexpr char kMap[] = "\uf279";
inline constexpr char kMuted[] = "\uf6a9";
inline constexpr char kBypass[] = "\uf064";
inline constexpr char kCaret[] = "\uf0d7";
inline constexpr char kGear[] = "\uf013";
inline constexpr char kComment[] = "\uf075";
inline constexpr char kChart[] = "\uf080";
inline constexpr char kLog[] = "\uf15c";
inline constexpr char kTrash[] = "\uf2ed";
inline constexpr char kBrush[] = "\uf1fc";
inline constexpr char kEraser[] = "\uf12d";
inline constexpr char kRegion[] = "\uf5cb";
inline constexpr char kInvert[] = "\uf042";
inline constexpr char kMore[] = "\uf142";
inline constexpr char kLeft[] = "\uf053";
inline constexpr char kRight[] = "\uf054";
inline constexpr char kTable[] = "\uf00a";
inline constexpr char kUp[] = "\uf077";
inline constexpr char kPin[] = "\uf08d";
inline constexpr char kSplit[] = "\uf0db";

}  // namespace weft::editor::icon
