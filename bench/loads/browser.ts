/** Heads as a browser sends them: eleven headers, about 565 bytes, and a path that always changes. */
import type { Load } from "../load.ts";

export const browser: Load = {
  name: "browser",
  title: "browser-like head (11 headers, changing paths), 64 connections",
  connections: 64,
  path: "/",
  // The requests are made beforehand, so that wrk spends its core on sending. The host is the first header.
  script: `
    local requests = {}
    local position = 0
    function init(args)
      for number = 1, 4096 do
        local headers = {
          ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
          ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
          ["Accept-Language"] = "en-GB,en;q=0.9,de;q=0.7",
          ["Accept-Encoding"] = "gzip, deflate, br",
          ["Cache-Control"] = "max-age=0",
          ["Referer"] = "http://shop.example/list?page=" .. (number % 97),
          ["Cookie"] = "session=" .. string.format("%032x", number * 2654435761 % 4294967296) .. "; theme=dark",
          ["Upgrade-Insecure-Requests"] = "1",
          ["Sec-Fetch-Mode"] = "navigate",
          ["Sec-Fetch-Site"] = "same-origin",
        }
        requests[number] = wrk.format("GET", "/item/" .. (number * 7919) .. "?q=" .. number, headers)
      end
    end
    function request()
      position = position % #requests + 1
      return requests[position]
    end
  `,
};
