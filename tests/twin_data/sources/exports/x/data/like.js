window.YTD.like.part0 = [
  {
    "like": {
      "tweetId": "7",
      "fullText": "Someone else’s words that she liked.",
      "expandedUrl": "https://twitter.com/i/web/status/7"
    }
  }
]