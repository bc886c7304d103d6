"""The usual currency of a country (ISO 3166-1 alpha-2 → ISO 4217), for a business that names none."""

DEFAULT_CURRENCY = "USD"

_COUNTRIES = {
    "AED": "AE", "AMD": "AM", "ARS": "AR", "AUD": "AU NR KI TV", "AZN": "AZ", "BDT": "BD", "BRL": "BR",
    "BWP": "BW", "BYN": "BY", "CAD": "CA", "CHF": "CH LI", "CLP": "CL", "CNY": "CN", "COP": "CO", "CZK": "CZ",
    "DKK": "DK GL FO", "DZD": "DZ", "EGP": "EG", "ETB": "ET",
    "EUR": "AD AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MC ME MT NL PT SI SK SM VA XK",
    "GBP": "GB GG IM JE", "GEL": "GE", "GHS": "GH", "HKD": "HK", "HUF": "HU", "IDR": "ID", "ILS": "IL", "INR": "IN",
    "ISK": "IS", "JPY": "JP", "KES": "KE", "KGS": "KG", "KRW": "KR", "KWD": "KW", "KZT": "KZ", "LSL": "LS",
    "MAD": "MA EH", "MDL": "MD", "MUR": "MU", "MWK": "MW", "MXN": "MX", "MYR": "MY", "MZN": "MZ", "NAD": "NA",
    "NGN": "NG", "NOK": "NO SJ", "NZD": "NZ CK NU TK", "OMR": "OM", "PEN": "PE", "PHP": "PH", "PKR": "PK",
    "PLN": "PL", "QAR": "QA", "RON": "RO", "RSD": "RS", "RUB": "RU", "RWF": "RW", "SAR": "SA", "SEK": "SE",
    "SGD": "SG", "SZL": "SZ", "THB": "TH", "TJS": "TJ", "TND": "TN", "TRY": "TR", "TZS": "TZ", "UAH": "UA",
    "UGX": "UG", "UYU": "UY", "UZS": "UZ", "VND": "VN", "XAF": "CM CF CG GA GQ TD", "XOF": "BF BJ CI GW ML NE SN TG",
    "ZAR": "ZA", "ZMW": "ZM",
}  # fmt: skip

CURRENCY_OF = {country: currency for currency, codes in _COUNTRIES.items() for country in codes.split()}


def currency_of(country: str | None) -> str:
    """The usual currency of a country, or that of the platform where none is known."""
    return CURRENCY_OF.get(country or "", DEFAULT_CURRENCY)
