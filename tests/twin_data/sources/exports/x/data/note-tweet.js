window.YTD.note_tweet.part0 = [
  {
    "noteTweet": {
      "noteTweetId": "1019",
      "updatedAt": "2023-01-09T12:00:01.000Z",
      "lifecycle": {
        "value": "1",
        "name": "Active",
        "originalName": "Active",
        "annotations": {}
      },
      "createdAt": "2023-01-09T12:00:01.000Z",
      "core": {
        "styletags": [],
        "urls": [
          {
            "expandedUrl": "https://harbour.example/winter",
            "toIndex": "191",
            "shortUrl": "https://t.co/eee5",
            "displayUrl": "harbour.example/winter",
            "fromIndex": "168"
          }
        ],
        "text": "Nobody warns you about the second winter. The first one you spend afraid of the water; the second, of the paperwork — and it’s the paperwork that gets in under the door. See https://t.co/eee5\n\nKeep both dry.",
        "mentions": [],
        "cashtags": [],
        "hashtags": []
      }
    }
  }
]