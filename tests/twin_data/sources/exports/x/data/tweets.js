window.YTD.tweets.part0 = [
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1001"
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
            "url": "https://t.co/aaa1",
            "expanded_url": "https://harbour.example/tides",
            "display_url": "harbour.example/tides",
            "indices": [
              "0",
              "23"
            ]
          }
        ]
      },
      "display_text_range": [
        "0",
        "72"
      ],
      "favorite_count": "3",
      "id_str": "1001",
      "truncated": false,
      "retweet_count": "0",
      "id": "1001",
      "created_at": "Sat May 01 08:00:00 +0000 2021",
      "favorited": false,
      "full_text": "Tides &amp; timetables: only one of them &lt;lies&gt;. https://t.co/aaa1",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1003"
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
        "32"
      ],
      "favorite_count": "3",
      "id_str": "1003",
      "truncated": false,
      "retweet_count": "0",
      "id": "1003",
      "created_at": "Sat May 01 08:02:00 +0000 2021",
      "favorited": false,
      "full_text": "3/ And then it’s the mud’s turn.",
      "lang": "en",
      "in_reply_to_status_id_str": "1002",
      "in_reply_to_status_id": "1002",
      "in_reply_to_screen_name": "nfenwick",
      "in_reply_to_user_id_str": "9",
      "in_reply_to_user_id": "9"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1002"
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
        "urls": [],
        "media": [
          {
            "url": "https://t.co/pic1",
            "media_url_https": "https://pbs.example/1.jpg",
            "type": "photo",
            "id_str": "5",
            "indices": [
              "0",
              "23"
            ],
            "expanded_url": "https://twitter.com/nfenwick/status/1002/photo/1"
          }
        ]
      },
      "display_text_range": [
        "0",
        "54"
      ],
      "favorite_count": "3",
      "id_str": "1002",
      "truncated": false,
      "retweet_count": "0",
      "id": "1002",
      "created_at": "Sat May 01 08:01:00 +0000 2021",
      "favorited": false,
      "full_text": "2/ The timetable can’t be asked why. https://t.co/pic1",
      "lang": "en",
      "in_reply_to_status_id_str": "1001",
      "in_reply_to_status_id": "1001",
      "in_reply_to_screen_name": "nfenwick",
      "in_reply_to_user_id_str": "9",
      "in_reply_to_user_id": "9",
      "extended_entities": {
        "media": [
          {
            "url": "https://t.co/pic1",
            "media_url_https": "https://pbs.example/1.jpg",
            "type": "photo",
            "id_str": "5",
            "expanded_url": "https://twitter.com/nfenwick/status/1002/photo/1"
          }
        ]
      }
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1010"
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
        "user_mentions": [
          {
            "name": "Rszy",
            "screen_name": "rszy",
            "indices": [
              "0",
              "5"
            ],
            "id_str": "77",
            "id": "77"
          }
        ],
        "urls": []
      },
      "display_text_range": [
        "0",
        "74"
      ],
      "favorite_count": "3",
      "id_str": "1010",
      "truncated": false,
      "retweet_count": "0",
      "id": "1010",
      "created_at": "Mon May 03 10:00:00 +0000 2021",
      "favorited": false,
      "full_text": "RT @rszy: Everyone should see this lock before it rusts. https://t.co/bbb2",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1011"
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
        "user_mentions": [
          {
            "name": "Rszy",
            "screen_name": "rszy",
            "indices": [
              "0",
              "5"
            ],
            "id_str": "77",
            "id": "77"
          },
          {
            "name": "Harbourmaster",
            "screen_name": "harbourmaster",
            "indices": [
              "0",
              "5"
            ],
            "id_str": "77",
            "id": "77"
          }
        ],
        "urls": []
      },
      "display_text_range": [
        "0",
        "59"
      ],
      "favorite_count": "3",
      "id_str": "1011",
      "truncated": false,
      "retweet_count": "0",
      "id": "1011",
      "created_at": "Mon May 03 11:00:00 +0000 2021",
      "favorited": false,
      "full_text": "@rszy @harbourmaster No — the pintle’s worn, not the hinge.",
      "lang": "en",
      "in_reply_to_status_id_str": "999",
      "in_reply_to_status_id": "999",
      "in_reply_to_screen_name": "rszy",
      "in_reply_to_user_id_str": "77",
      "in_reply_to_user_id": "77"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1012"
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
            "url": "https://t.co/ccc3",
            "expanded_url": "https://twitter.com/nfenwick/status/1001",
            "display_url": "twitter.com/nfenwick/s",
            "indices": [
              "0",
              "23"
            ]
          }
        ]
      },
      "display_text_range": [
        "0",
        "57"
      ],
      "favorite_count": "3",
      "id_str": "1012",
      "truncated": false,
      "retweet_count": "0",
      "id": "1012",
      "created_at": "Wed Sep 01 09:30:00 +0000 2021",
      "favorited": false,
      "full_text": "I said this in May and it’s still true. https://t.co/ccc3",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1013"
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
            "url": "https://t.co/ddd4",
            "expanded_url": "https://x.com/rszy/status/555",
            "display_url": "x.com/rszy/status/555",
            "indices": [
              "0",
              "23"
            ]
          }
        ]
      },
      "display_text_range": [
        "0",
        "39"
      ],
      "favorite_count": "3",
      "id_str": "1013",
      "truncated": false,
      "retweet_count": "0",
      "id": "1013",
      "created_at": "Wed Sep 01 10:30:00 +0000 2021",
      "favorited": false,
      "full_text": "Read this, all of it. https://t.co/ddd4",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1014"
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
        "user_mentions": [
          {
            "name": "Rszy",
            "screen_name": "rszy",
            "indices": [
              "0",
              "5"
            ],
            "id_str": "77",
            "id": "77"
          }
        ],
        "urls": []
      },
      "display_text_range": [
        "0",
        "42"
      ],
      "favorite_count": "3",
      "id_str": "1014",
      "truncated": false,
      "retweet_count": "0",
      "id": "1014",
      "created_at": "Thu Sep 02 10:30:00 +0000 2021",
      "favorited": false,
      "full_text": "Quite. RT @rszy: The bell is rung by hand.",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1015"
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
        "urls": [],
        "media": [
          {
            "url": "https://t.co/pic2",
            "type": "photo"
          }
        ]
      },
      "display_text_range": [
        "0",
        "17"
      ],
      "favorite_count": "3",
      "id_str": "1015",
      "truncated": false,
      "retweet_count": "0",
      "id": "1015",
      "created_at": "Fri Sep 03 10:30:00 +0000 2021",
      "favorited": false,
      "full_text": "https://t.co/pic2",
      "lang": "en"
    }
  }
]