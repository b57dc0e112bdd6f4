window.YTD.account.part0 = [
  {
    "account": {
      "email": "nora@harbour.example",
      "createdVia": "web",
      "username": "nfenwick",
      "accountId": "9",
      "createdAt": "2012-01-01T00:00:00.000Z",
      "accountDisplayName": "Nora Fenwick"
    }
  }
]