"""The errors that a new user meets, and what to do about each. Run it: it makes them happen on a runner of its own."""

from __future__ import annotations

import cspark.wasm as Hybrid


def main() -> None:
    """Make each error happen and say what it means."""
    with Hybrid.LocalRunner('samples/packages/cylinder.zip', uploads=False, body_limit=100_000) as runner:
        with runner.client() as hybrid:
            try:
                hybrid.services.upload(b'the package')
            except Hybrid.ForbiddenError as error:
                print(f'Uploads are off; start the runner with UPLOAD_ENABLE=true.\n  {error}')
            try:
                hybrid.services.execute('shapes/cube', inputs={})
            except Hybrid.NotFoundError as error:
                print(f'No such service; the runner says which there are.\n  {error}')
            try:
                hybrid.services.execute('shapes/cylinder', inputs=[{'height': 1}] * 100_000)
            except Hybrid.SparkApiError as error:
                print(f'Too much for one call ({error.status}); execute_many sends it in several.\n  {error}')
        with runner.client(tenant='nobody') as hybrid:
            try:
                hybrid.services.execute('shapes/cylinder', inputs={})
            except Hybrid.NotFoundError as error:
                print(f'The wrong tenant.\n  {error}')


if __name__ == '__main__':
    main()
