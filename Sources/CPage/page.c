#include "CPage.h"

// #embed is C23 (section 6.10.4). clang accepts it in every mode, with a warning.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char page_html[] = {
#embed "../Admin/Page/page.html"
};
static const unsigned char page_css[] = {
#embed "../Admin/Page/page.css"
};
static const unsigned char main_js[] = {
#embed "../Admin/Page/main.js"
};
static const unsigned char dom_js[] = {
#embed "../Admin/Page/dom.js"
};
static const unsigned char feed_js[] = {
#embed "../Admin/Page/feed.js"
};
static const unsigned char window_js[] = {
#embed "../Admin/Page/window.js"
};
static const unsigned char chart_js[] = {
#embed "../Admin/Page/chart.js"
};
static const unsigned char now_js[] = {
#embed "../Admin/Page/now.js"
};
static const unsigned char traffic_js[] = {
#embed "../Admin/Page/traffic.js"
};
static const unsigned char call_js[] = {
#embed "../Admin/Page/call.js"
};
static const unsigned char lists_js[] = {
#embed "../Admin/Page/lists.js"
};
static const unsigned char icon_svg[] = {
#embed "../Admin/Page/icon.svg"
};

static const page_content files[] = {
    {page_html, sizeof page_html}, {page_css, sizeof page_css},     {main_js, sizeof main_js},
    {dom_js, sizeof dom_js},       {feed_js, sizeof feed_js},       {window_js, sizeof window_js},
    {chart_js, sizeof chart_js},   {now_js, sizeof now_js},         {traffic_js, sizeof traffic_js},
    {call_js, sizeof call_js},     {lists_js, sizeof lists_js},     {icon_svg, sizeof icon_svg},
};

page_content page_file(size_t number) {
  if (number >= sizeof files / sizeof files[0]) return (page_content){0, 0};
  return files[number];
}
