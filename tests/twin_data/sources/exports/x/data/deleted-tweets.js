window.YTD.deleted_tweets.part0 = [
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1004"
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
        "urls": []
      },
      "display_text_range": [
        "0",
        "11"
      ],
      "favorite_count": "3",
      "id_str": "1004",
      "truncated": false,
      "retweet_count": "0",
      "id": "1004",
      "created_at": "Sat May 01 08:03:00 +0000 2021",
      "favorited": false,
      "full_text": "Taken back.",
      "lang": "en"
    }
  }
]