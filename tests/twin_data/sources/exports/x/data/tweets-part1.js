window.YTD.tweets.part1 = [
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1020"
          ],
          "editsRemaining": "5",
          "isEditEligible": true
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.example\" rel=\"nofollow\">App</a>",
      "entities": {
        "hashtags": [],
        "symbols": [],
        "user_mentions": [],
        "urls": [
          {
            "url": "https://t.co/fff6",
            "expanded_url": "https://x.com/i/web/status/1020",
            "display_url": "x.com/i/web/status/102",
            "indices": [
              "0",
              "23"
            ]
          }
        ]
      },
      "display_text_range": [
        "0",
        "149"
      ],
      "favorite_count": "3",
      "id_str": "1020",
      "truncated": false,
      "retweet_count": "0",
      "id": "1020",
      "created_at": "Mon Jan 09 12:00:01 +0000 2023",
      "favorited": false,
      "full_text": "Nobody warns you about the second winter. The first one you spend afraid of the water; the second, of the paperwork — and it’s the… https://t.co/fff6",
      "lang": "en"
    }
  }
]