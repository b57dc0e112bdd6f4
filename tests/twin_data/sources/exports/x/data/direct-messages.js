window.YTD.direct_messages.part0 = [
  {
    "dmConversation": {
      "conversationId": "9-77",
      "messages": [
        {
          "messageCreate": {
            "recipientId": "9",
            "text": "private",
            "senderId": "77",
            "id": "1",
            "createdAt": "2021-05-01T00:00:00.000Z"
          }
        }
      ]
    }
  }
]