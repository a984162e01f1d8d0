// Emoji short codes as Unicode. What is not listed stays as it was typed.

const TABLE = `
grinning 😀|smile 😄|smiley 😃|grin 😁|laughing 😆|joy 😂|rofl 🤣|slightly_smiling_face 🙂|upside_down_face 🙃
wink 😉|blush 😊|innocent 😇|heart_eyes 😍|kissing_heart 😘|yum 😋|stuck_out_tongue 😛|sunglasses 😎|nerd_face 🤓
thinking_face 🤔|neutral_face 😐|expressionless 😑|no_mouth 😶|face_with_rolling_eyes 🙄|smirk 😏|relieved 😌
pensive 😔|sleepy 😪|sleeping 😴|mask 😷|dizzy_face 😵|exploding_head 🤯|face_with_monocle 🧐|confused 😕|worried 😟
slightly_frowning_face 🙁|open_mouth 😮|hushed 😯|flushed 😳|fearful 😨|cold_sweat 😰|cry 😢|sob 😭|scream 😱
disappointed 😞|sweat 😓|sweat_smile 😅|weary 😩|tired_face 😫|triumph 😤|rage 😡|angry 😠|skull 💀|clown_face 🤡
ghost 👻|alien 👽|robot_face 🤖|see_no_evil 🙈|hear_no_evil 🙉|speak_no_evil 🙊|wave 👋|raised_hand ✋|hand ✋
ok_hand 👌|v ✌️|crossed_fingers 🤞|point_left 👈|point_right 👉|point_up ☝️|point_up_2 👆|point_down 👇
thumbsup 👍|+1 👍|thumbsdown 👎|-1 👎|fist ✊|clap 👏|raised_hands 🙌|pray 🙏|handshake 🤝|muscle 💪|eyes 👀|eye 👁️
brain 🧠|bust_in_silhouette 👤|busts_in_silhouette 👥|man_in_tuxedo 🤵|technologist 🧑‍💻|male-technologist 👨‍💻
female-technologist 👩‍💻|dog 🐶|cat 🐱|fox_face 🦊|bear 🐻|panda_face 🐼|unicorn_face 🦄|bug 🐛|bee 🐝|turtle 🐢|snail 🐌
octopus 🐙|whale 🐳|penguin 🐧|evergreen_tree 🌲|seedling 🌱|four_leaf_clover 🍀|fallen_leaf 🍂|sunny ☀️|cloud ☁️
rainbow 🌈|zap ⚡|snowflake ❄️|fire 🔥|droplet 💧|ocean 🌊|star ⭐|star2 🌟|sparkles ✨|dizzy 💫|boom 💥|moon 🌔
earth_africa 🌍|earth_americas 🌎|globe_with_meridians 🌐|apple 🍎|lemon 🍋|coffee ☕|tea 🍵|beer 🍺|cake 🍰|birthday 🎂
tada 🎉|confetti_ball 🎊|balloon 🎈|gift 🎁|trophy 🏆|medal 🏅|first_place_medal 🥇|dart 🎯|art 🎨|rocket 🚀|airplane ✈️
car 🚗|ambulance 🚑|fire_engine 🚒|police_car 🚓|construction 🚧|vertical_traffic_light 🚦|traffic_light 🚥|anchor ⚓
watch ⌚|iphone 📱|computer 💻|desktop_computer 🖥️|keyboard ⌨️|printer 🖨️|floppy_disk 💾|cd 💿|satellite 🛰️|battery 🔋
electric_plug 🔌|bulb 💡|flashlight 🔦|wrench 🔧|hammer 🔨|hammer_and_wrench 🛠️|gear ⚙️|nut_and_bolt 🔩|link 🔗|toolbox 🧰
magnet 🧲|test_tube 🧪|microscope 🔬|shield 🛡️|lock 🔒|unlock 🔓|closed_lock_with_key 🔐|key 🔑|old_key 🗝️|door 🚪
mag 🔍|mag_right 🔎|memo 📝|pencil 📝|pencil2 ✏️|page_facing_up 📄|page_with_curl 📃|bookmark_tabs 📑|books 📚|book 📖
clipboard 📋|pushpin 📌|round_pushpin 📍|paperclip 📎|scissors ✂️|file_folder 📁|open_file_folder 📂|wastebasket 🗑️
chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|calendar 📆|date 📅|spiral_calendar_pad 🗓️
inbox_tray 📥|outbox_tray 📤|package 📦|mailbox 📫|email 📧|envelope ✉️|incoming_envelope 📨|loudspeaker 📢|mega 📣
bell 🔔|no_bell 🔕|speech_balloon 💬|thought_balloon 💭|hourglass ⌛|hourglass_flowing_sand ⏳|stopwatch ⏱️
alarm_clock ⏰|clock1 🕐|clock3 🕒|clock9 🕘|timer_clock ⏲️|heart ❤️|orange_heart 🧡|yellow_heart 💛|green_heart 💚
blue_heart 💙|purple_heart 💜|broken_heart 💔|100 💯|warning ⚠️|no_entry ⛔|no_entry_sign 🚫|stop_sign 🛑|octagonal_sign 🛑
white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|negative_squared_cross_mark ❎|o ⭕|question ❓
grey_question ❔|exclamation ❗|grey_exclamation ❕|bangbang ‼️|interrobang ⁉️|information_source ℹ️|heavy_plus_sign ➕
heavy_minus_sign ➖|recycle ♻️|arrow_up ⬆️|arrow_down ⬇️|arrow_left ⬅️|arrow_right ➡️|arrow_upper_right ↗️
arrow_lower_right ↘️|arrows_counterclockwise 🔄|arrow_right_hook ↪️|leftwards_arrow_with_hook ↩️|rewind ⏪|fast_forward ⏩
arrow_forward ▶️|double_vertical_bar ⏸️|black_square_for_stop ⏹️|record_button ⏺️|red_circle 🔴|large_orange_circle 🟠
large_yellow_circle 🟡|large_green_circle 🟢|large_blue_circle 🔵|large_purple_circle 🟣|white_circle ⚪|black_circle ⚫
large_red_square 🟥|large_orange_square 🟧|large_yellow_square 🟨|large_green_square 🟩|large_blue_square 🟦
white_large_square ⬜|black_large_square ⬛|small_red_triangle 🔺|small_red_triangle_down 🔻|small_orange_diamond 🔸
small_blue_diamond 🔹|large_orange_diamond 🔶|large_blue_diamond 🔷|radio_button 🔘|checkered_flag 🏁|white_flag 🏳️
triangular_flag_on_post 🚩|zzz 💤|wheelchair ♿|id 🆔|sos 🆘|new 🆕|ok 🆗|up 🆙|cool 🆒|free 🆓|one 1️⃣|two 2️⃣|three 3️⃣
four 4️⃣|five 5️⃣|six 6️⃣|seven 7️⃣|eight 8️⃣|nine 9️⃣|zero 0️⃣|keycap_ten 🔟|hash #️⃣|house 🏠|office 🏢|hospital 🏥
school 🏫|factory 🏭|bank 🏦|smiling_face_with_3_hearts 🥰|hugging_face 🤗|shrug 🤷|facepalm 🤦|man-shrugging 🤷‍♂️
woman-shrugging 🤷‍♀️|crystal_ball 🔮|game_die 🎲|jigsaw 🧩|performing_arts 🎭|headphones 🎧|mute 🔇|sound 🔉|camera 📷
passport_control 🛂|identification_card 🪪|fingerprint 🫆|bomb 💣|moneybag 💰|scales ⚖️|rotating_light 🚨|fish 🐟|popcorn 🍿
`;

/** @type {Map<string, string>} */
const EMOJI = new Map(
  TABLE.trim()
    .split(/[\n|]/)
    .map((pair) => {
      const space = pair.indexOf(" ");
      return [pair.slice(0, space), pair.slice(space + 1)];
    }),
);

/**
 * The Unicode of a short code, or undefined.
 * @param {string} name without colons
 */
export function emoji(name) {
  return EMOJI.get(name);
}

/**
 * Replace every short code that is known.
 * @param {string} text
 */
export function withEmoji(text) {
  if (!text.includes(":")) return text;
  return text.replace(/:([a-z0-9_+'-]+):(?::skin-tone-[2-6]:)?/g, (whole, name) => EMOJI.get(name) ?? whole);
}
