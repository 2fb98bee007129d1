"""A Modal of our own: a gRPC server on this machine that the real client talks to."""

import asyncio
import importlib
import pickle
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from grpclib import GRPCError, Status
from grpclib.server import Server
from modal_proto import api_grpc, api_pb2

Empty: Any = importlib.import_module("google.protobuf.empty_pb2").Empty  # it has no types

RUNNING, DONE, FAILED, TIMED_OUT, EXPIRED = "running", "done", "failed", "timed out", "expired"


@dataclass
class ModalTown:
    """What the server knows, and what a test wants of it.

    `refuse` : an RPC's name → the status it answers with.
    `lose` : spawn is accepted, and its answer never arrives.
    """

    url: str = ""
    deployed: bool = True
    spawned: dict[str, dict[str, Any]] = field(default_factory=dict)
    parameters: list[bytes] = field(default_factory=list)
    options: list[Any] = field(default_factory=list)
    methods: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    refuse: dict[str, Status] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    ids: "count[int]" = field(default_factory=count)

    def check(self, rpc: str) -> None:
        if rpc in self.refuse:
            raise GRPCError(self.refuse[rpc], "as the test wants it")


def _unimplemented(name: str) -> Any:
    async def answer(_self: Any, _stream: Any) -> None:
        raise GRPCError(Status.UNIMPLEMENTED, name)

    return answer


def _servicer(town: ModalTown) -> Any:
    base = api_grpc.ModalClientBase
    stubs = {name: _unimplemented(name) for name in base.__abstractmethods__}
    servicer = type("Servicer", (_Rpcs, base), {**stubs, **vars_of(_Rpcs)})()
    servicer.town = town
    return servicer


def vars_of(kind: type) -> dict[str, Any]:
    return {name: value for name, value in vars(kind).items() if not name.startswith("__")}


class _Rpcs:
    town: ModalTown

    async def ClientHello(self, stream: Any) -> None:
        await stream.recv_message()
        await stream.send_message(api_pb2.ClientHelloResponse())

    async def ClassGet(self, stream: Any) -> None:
        await stream.recv_message()
        self.town.check("ClassGet")
        if not self.town.deployed:
            raise GRPCError(Status.NOT_FOUND, "no such app")
        await stream.send_message(api_pb2.ClassGetResponse(class_id="cs-1"))

    async def FunctionGet(self, stream: Any) -> None:
        request = await stream.recv_message()
        self.town.check("FunctionGet")
        kind = request.object_tag.removesuffix(".*")
        ranked = api_pb2.FunctionData.RankedFunction(rank=0, function=api_pb2.Function())
        await stream.send_message(
            api_pb2.FunctionGetResponse(
                function_id=f"fu-{kind}",
                handle_metadata=_metadata(kind),
                function=api_pb2.FunctionData(ranked_functions=[ranked]),
            )
        )

    async def FunctionBindParams(self, stream: Any) -> None:
        request = await stream.recv_message()
        self.town.parameters.append(request.serialized_params)
        self.town.options.append(request.function_options)
        await stream.send_message(
            api_pb2.FunctionBindParamsResponse(
                bound_function_id=f"{request.function_id}-bound",
                handle_metadata=_metadata(request.function_id.removeprefix("fu-")),
            )
        )

    async def FunctionMap(self, stream: Any) -> None:
        request = await stream.recv_message()
        self.town.check("FunctionMap")
        (item,) = request.pipelined_inputs
        (document,), _ = pickle.loads(item.input.args)  # noqa: S301 - our own
        call = f"fc-{next(self.town.ids)}"
        self.town.methods[call] = item.input.method_name
        self.town.spawned[call] = document
        self.town.states[call] = RUNNING
        self.town.check("after FunctionMap")
        await stream.send_message(
            api_pb2.FunctionMapResponse(
                function_call_id=call,
                function_call_jwt="jwt",
                pipelined_inputs=[
                    api_pb2.FunctionPutInputsResponseItem(idx=0, input_id="in-1", input_jwt="jwt")
                ],
            )
        )

    async def FunctionGetOutputs(self, stream: Any) -> None:
        request = await stream.recv_message()
        self.town.check("FunctionGetOutputs")
        call = request.function_call_id
        state = self.town.states.get(call, EXPIRED)
        if state == RUNNING:
            answer = api_pb2.FunctionGetOutputsResponse(num_unfinished_inputs=1)
        elif state == EXPIRED:
            answer = api_pb2.FunctionGetOutputsResponse(num_unfinished_inputs=0)
        else:
            answer = api_pb2.FunctionGetOutputsResponse(outputs=[_output(self.town, call, state)])
        await stream.send_message(answer)

    async def FunctionCallCancel(self, stream: Any) -> None:
        request = await stream.recv_message()
        self.town.check("FunctionCallCancel")
        self.town.cancelled.append(request.function_call_id)
        await stream.send_message(Empty())


def _metadata(kind: str) -> Any:
    """A class with its methods and one parameter `model`."""
    function = api_pb2.Function.FUNCTION_TYPE_FUNCTION
    methods = {
        name: api_pb2.FunctionHandleMetadata(
            function_name=f"{kind}.{name}",
            function_type=function,
            is_method=True,
            use_method_name=name,
        )
        for name in ("run", "run_beside")
    }
    parameter = api_pb2.ClassParameterSpec(
        name="model",
        type=api_pb2.PARAM_TYPE_STRING,
        full_type=api_pb2.GenericPayloadType(base_type=api_pb2.PARAM_TYPE_STRING),
    )
    return api_pb2.FunctionHandleMetadata(
        function_name=f"{kind}.*",
        function_type=function,
        method_handle_metadata=methods,
        class_parameter_info=api_pb2.ClassParameterInfo(
            format=api_pb2.ClassParameterInfo.PARAM_SERIALIZATION_FORMAT_PROTO,
            schema=[parameter],
        ),
    )


def _output(town: ModalTown, call: str, state: str) -> Any:
    result = api_pb2.GenericResult
    if state == DONE:
        data = pickle.dumps(town.results.get(call, {}))
        done = result(status=result.GENERIC_STATUS_SUCCESS, data=data)
    elif state == TIMED_OUT:
        done = result(status=result.GENERIC_STATUS_TIMEOUT, exception="too long")
    else:
        error = town.results.get(call, RuntimeError("the GPU failed"))
        done = result(
            status=result.GENERIC_STATUS_FAILURE, exception=str(error), data=pickle.dumps(error)
        )
    return api_pb2.FunctionGetOutputsItem(
        result=done, idx=0, input_id="in-1", data_format=api_pb2.DATA_FORMAT_PICKLE
    )


@contextmanager
def modal_town() -> Iterator[ModalTown]:
    """The server, for the time of the block, on a thread of its own."""
    town, loop = ModalTown(), asyncio.new_event_loop()
    started = threading.Event()
    server: list[_Server] = []

    async def serve() -> None:
        here = _Server(_servicer(town))
        await here.start("127.0.0.1", 0)
        (listening,) = here._server.sockets  # type: ignore[union-attr]  # grpclib tells no port
        town.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.append(here)
        started.set()
        await here.wait_closed()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    if not started.wait(20):
        raise RuntimeError("the server did not start")
    try:
        yield town
    finally:
        loop.call_soon_threadsafe(server[0].end)
        thread.join(10)
        loop.run_until_complete(asyncio.sleep(0.05))  # transports close in a turn of the loop
        loop.close()


class _Server(Server):
    """A server that can end the connections which its client keeps open until its process ends."""

    def __init__(self, servicer: Any) -> None:
        super().__init__([servicer])
        self.protocols: list[Any] = []

    def _protocol_factory(self) -> Any:
        self.protocols.append(super()._protocol_factory())
        return self.protocols[-1]

    def end(self) -> None:
        self.close()
        for protocol in self.protocols:
            if protocol.connection is not None:
                protocol.connection.close()
