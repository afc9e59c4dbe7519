import argparse
import os

import click


@click.command()
@click.option("--api-key", envvar="DESK_API_KEY", help="or set DESK_API_KEY")
@click.option("--password", default="Pumice-Pintail-3", show_default=False)
@click.option("--token-file", default="/var/run/desk/token")
def main(api_key: str, password: str, token_file: str) -> None:
    click.echo(f"key {os.environ.get('DESK_API_KEY')}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--db-password", default=os.environ.get("DB_PASSWORD"), help="default: $DB_PASSWORD")
    parser.add_argument("--output", default="text")
    parser.add_argument("--tokens", default="100")
    return parser.parse_args()


if __name__ == "__main__":
    home = os.path.expandvars("$HOME/.desk")
    main()
