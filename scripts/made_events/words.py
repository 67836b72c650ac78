"""Words to fill sentences with. People, companies and addresses are made up."""

FIRST_NAMES = (
    *("Ada", "Amir", "Anna", "Ben", "Bo", "Carla", "Chen", "Clara", "Daniel", "Dara", "David", "Elena", "Emil", "Emma"),
    *("Fatima", "Femi", "Grace", "Hana", "Ines", "Isabel", "Ivan", "James", "Jonas", "Kaia", "Kofi", "Laura", "Lena"),
    *("Leo", "Lev", "Lucas", "Maria", "Mark", "Mina", "Nina", "Noah", "Noor", "Olga", "Omar", "Paul", "Priya", "Rosa"),
    *("Sam", "Sara", "Sofia", "Tariq", "Tom", "Uma", "Victor", "Wei", "Yuki", "Zoe"),
)
LAST_NAMES = ("Example", "Sample", "Tester", "Placeholder", "Doe", "Roe", "Bloggs", "Muster", "Ejemplo", "Modell")
CITIES = (
    *("Amsterdam", "Athens", "Berlin", "Boston", "Chicago", "Copenhagen", "Dallas", "Denver", "Dublin", "Hamburg"),
    *("Helsinki", "Houston", "Lagos", "Lisbon", "London", "Los Angeles", "Madrid", "Miami", "Milan", "Mumbai"),
    *("Nairobi", "New York", "Osaka", "Oslo", "Paris", "Porto", "Prague", "Rome", "San Francisco", "Seattle"),
    *("Seoul", "Singapore", "Stockholm", "Sydney", "Tokyo", "Toronto", "Vienna", "Warsaw", "Washington", "Zurich"),
)
COUNTRIES = ("USA", "Germany", "France", "Japan", "India", "Brazil", "Canada", "Kenya", "Spain", "United Kingdom")
STREETS = ("Main Street", "Oak Avenue", "Park Road", "Lake View Drive", "Mill Lane", "Station Road", "Elm Street")
PRODUCTS = (
    *("wireless keyboard", "running shoes", "desk lamp", "coffee machine", "hiking boots", "bluetooth speaker"),
    *("office chair", "water bottle", "gaming mouse", "smart watch", "backpack", "vacuum cleaner", "garden hose"),
    *("phone case", "electric kettle", "air purifier", "mountain bike", "action camera", "tea set", "jigsaw puzzle"),
)
COLOURS = ("black", "white", "blue", "red", "green", "silver", "grey", "yellow")
SIZES = ("small", "medium", "large", "extra large", "10 inches", "500ml", "1000ml")
TOPICS = (
    *("battery storage", "remote work", "urban farming", "database indexing", "customer churn", "energy prices"),
    *("supply chains", "type systems", "battery recycling", "sleep and memory", "water quality", "solar panels"),
    *("event sourcing", "vector search", "rate limiting", "public transport", "open data", "price elasticity"),
)
SERVICES = (
    "api",
    "auth-service",
    "billing",
    "checkout",
    "frontend",
    "gateway",
    "inventory",
    "orders",
    "search",
    "worker",
)
MODULES = (
    "auth",
    "billing",
    "cache",
    "client",
    "config",
    "database",
    "handlers",
    "models",
    "parser",
    "queue",
    "server",
)
NOUNS = ("account", "booking", "cart", "customer", "invoice", "job", "message", "order", "payment", "report", "session")
VERBS = ("build", "check", "create", "delete", "fetch", "find", "get", "load", "parse", "read", "send", "update")
LANGUAGES = {"python": "py", "typescript": "ts", "go": "go", "rust": "rs", "java": "java", "sql": "sql"}
PACKAGES = ("fastapi", "numpy", "pandas", "pydantic", "pytest", "requests", "sqlalchemy", "httpx", "redis", "uvicorn")
ERRORS = (
    *(
        "TypeError: unsupported operand type(s) for +: 'int' and 'str'",
        "KeyError: 'user_id'",
        "ValueError: invalid date",
    ),
    *(
        "ConnectionError: connection refused",
        "TimeoutError: timed out after 30 seconds",
        "FileNotFoundError: no such file",
    ),
    *("AttributeError: 'NoneType' object has no attribute 'id'", "IndexError: list index out of range"),
    *("PermissionError: permission denied", "AssertionError: expected 200, got 500", "ModuleNotFoundError: no module"),
)
MODELS = ("gpt-4o", "claude-sonnet", "gemini-pro", "llama-3", "mistral-large", "o3-mini")
PAYMENTS = ("credit_card", "gift_card", "paypal", "debit_card", "voucher", "bank_transfer")
STATUSES = ("pending", "in_progress", "completed", "failed", "cancelled", "delivered", "processed", "active", "open")
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MEMBERSHIPS = ("regular", "basic", "silver", "gold", "premium", "standard")
