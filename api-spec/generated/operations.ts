// Written by api-spec/generate.ts. Do not edit.
import type * as types from './types.ts'

type Nothing = Record<never, never>

export type Operations = {
  ContainerList: { path: Nothing; query: { all?: boolean; limit?: number; size?: boolean; filters?: string }; body: undefined }
  ContainerCreate: { path: Nothing; query: { name?: string; platform?: string }; body: types.ContainerCreateRequest }
  ContainerInspect: { path: { id: string }; query: { size?: boolean }; body: undefined }
  ContainerTop: { path: { id: string }; query: { ps_args?: string }; body: undefined }
  ContainerLogs: { path: { id: string }; query: { follow?: boolean; stdout?: boolean; stderr?: boolean; since?: string; until?: string; timestamps?: boolean; tail?: string; details?: boolean }; body: undefined }
  ContainerChanges: { path: { id: string }; query: Nothing; body: undefined }
  ContainerExport: { path: { id: string }; query: Nothing; body: undefined }
  ContainerStats: { path: { id: string }; query: { stream?: boolean; "one-shot"?: boolean }; body: undefined }
  ContainerResize: { path: { id: string }; query: { h?: number; w?: number }; body: undefined }
  ContainerStart: { path: { id: string }; query: { detachKeys?: string }; body: undefined }
  ContainerStop: { path: { id: string }; query: { signal?: string; t?: number }; body: undefined }
  ContainerRestart: { path: { id: string }; query: { signal?: string; t?: number }; body: undefined }
  ContainerKill: { path: { id: string }; query: { signal?: string }; body: undefined }
  ContainerUpdate: { path: { id: string }; query: Nothing; body: types.ContainerUpdateRequest }
  ContainerRename: { path: { id: string }; query: { name?: string }; body: undefined }
  ContainerPause: { path: { id: string }; query: Nothing; body: undefined }
  ContainerUnpause: { path: { id: string }; query: Nothing; body: undefined }
  ContainerAttach: { path: { id: string }; query: { detachKeys?: string; logs?: boolean; stream?: boolean; stdin?: boolean; stdout?: boolean; stderr?: boolean }; body: undefined }
  ContainerAttachWebsocket: { path: { id: string }; query: { detachKeys?: string; logs?: boolean; stream?: boolean; stdin?: boolean; stdout?: boolean; stderr?: boolean }; body: undefined }
  ContainerWait: { path: { id: string }; query: { condition?: string }; body: undefined }
  ContainerDelete: { path: { id: string }; query: { v?: boolean; force?: boolean; link?: boolean }; body: undefined }
  ContainerArchiveInfo: { path: { id: string }; query: { path?: string }; body: undefined }
  ContainerArchive: { path: { id: string }; query: { path?: string }; body: undefined }
  PutContainerArchive: { path: { id: string }; query: { path?: string; noOverwriteDirNonDir?: string; copyUIDGID?: string }; body: undefined }
  ContainerPrune: { path: Nothing; query: { filters?: string }; body: undefined }
  ImageList: { path: Nothing; query: { all?: boolean; filters?: string; "shared-size"?: boolean; digests?: boolean; manifests?: boolean; identity?: boolean; filter?: string }; body: undefined }
  ImageBuild: { path: Nothing; query: { dockerfile?: string; t?: string; extrahosts?: string; remote?: string; q?: boolean; nocache?: boolean; cachefrom?: string; pull?: string; rm?: boolean; forcerm?: boolean; memory?: number; memswap?: number; cpushares?: number; cpusetcpus?: string; cpuperiod?: number; cpuquota?: number; buildargs?: string; shmsize?: number; squash?: boolean; labels?: string; networkmode?: string; platform?: string; target?: string; outputs?: string; version?: string }; body: undefined }
  BuildPrune: { path: Nothing; query: { "reserved-space"?: number; "max-used-space"?: number; "min-free-space"?: number; all?: boolean; filters?: string }; body: undefined }
  ImageCreate: { path: Nothing; query: { fromImage?: string; fromSrc?: string; repo?: string; tag?: string; message?: string; changes?: string[]; platform?: string }; body: undefined }
  ImageInspect: { path: { name: string }; query: { manifests?: boolean; platform?: string }; body: undefined }
  ImageHistory: { path: { name: string }; query: { platform?: string }; body: undefined }
  ImagePush: { path: { name: string }; query: { tag?: string; platform?: string }; body: undefined }
  ImageTag: { path: { name: string }; query: { repo?: string; tag?: string }; body: undefined }
  ImageDelete: { path: { name: string }; query: { force?: boolean; noprune?: boolean; platforms?: string[] }; body: undefined }
  ImageSearch: { path: Nothing; query: { term?: string; limit?: number; filters?: string }; body: undefined }
  ImagePrune: { path: Nothing; query: { filters?: string }; body: undefined }
  ImageCommit: { path: Nothing; query: { container?: string; repo?: string; tag?: string; comment?: string; author?: string; pause?: boolean; changes?: string[] }; body: types.ContainerConfig | undefined }
  ImageGet: { path: { name: string }; query: { platform?: string[] }; body: undefined }
  ImageGetAll: { path: Nothing; query: { names?: string[]; platform?: string[] }; body: undefined }
  ImageLoad: { path: Nothing; query: { quiet?: boolean; platform?: string[] }; body: undefined }
  SystemAuth: { path: Nothing; query: Nothing; body: types.AuthConfig | undefined }
  SystemInfo: { path: Nothing; query: Nothing; body: undefined }
  SystemVersion: { path: Nothing; query: Nothing; body: undefined }
  SystemPing: { path: Nothing; query: Nothing; body: undefined }
  SystemPingHead: { path: Nothing; query: Nothing; body: undefined }
  SystemEvents: { path: Nothing; query: { since?: string; until?: string; filters?: string; since_id?: number }; body: undefined }
  SystemDataUsage: { path: Nothing; query: { type?: string[]; verbose?: boolean }; body: undefined }
  ContainerExec: { path: { id: string }; query: Nothing; body: types.ContainerExecRequest }
  ExecStart: { path: { id: string }; query: Nothing; body: types.ExecStartRequest | undefined }
  ExecResize: { path: { id: string }; query: { h?: number; w?: number }; body: undefined }
  ExecInspect: { path: { id: string }; query: Nothing; body: undefined }
  VolumeList: { path: Nothing; query: { filters?: string }; body: undefined }
  VolumeCreate: { path: Nothing; query: Nothing; body: types.VolumeCreateRequest }
  VolumeInspect: { path: { name: string }; query: Nothing; body: undefined }
  VolumeUpdate: { path: { name: string }; query: { version?: number }; body: types.VolumeUpdateRequest | undefined }
  VolumeDelete: { path: { name: string }; query: { force?: boolean }; body: undefined }
  VolumePrune: { path: Nothing; query: { filters?: string }; body: undefined }
  NetworkList: { path: Nothing; query: { filters?: string }; body: undefined }
  NetworkInspect: { path: { id: string }; query: { verbose?: boolean; scope?: string }; body: undefined }
  NetworkDelete: { path: { id: string }; query: Nothing; body: undefined }
  NetworkCreate: { path: Nothing; query: Nothing; body: types.NetworkCreateRequest }
  NetworkConnect: { path: { id: string }; query: Nothing; body: types.NetworkConnectRequest }
  NetworkDisconnect: { path: { id: string }; query: Nothing; body: types.NetworkDisconnectRequest | undefined }
  NetworkPrune: { path: Nothing; query: { filters?: string }; body: undefined }
  PluginList: { path: Nothing; query: { filters?: string }; body: undefined }
  GetPluginPrivileges: { path: Nothing; query: { remote?: string }; body: undefined }
  PluginPull: { path: Nothing; query: { remote?: string; name?: string }; body: types.PluginPrivilege[] | null | undefined }
  PluginInspect: { path: { name: string }; query: Nothing; body: undefined }
  PluginDelete: { path: { name: string }; query: { force?: boolean }; body: undefined }
  PluginEnable: { path: { name: string }; query: { timeout?: number }; body: undefined }
  PluginDisable: { path: { name: string }; query: { force?: boolean }; body: undefined }
  PluginUpgrade: { path: { name: string }; query: { remote?: string }; body: types.PluginPrivilege[] | null | undefined }
  PluginCreate: { path: Nothing; query: { name?: string }; body: undefined }
  PluginPush: { path: { name: string }; query: Nothing; body: undefined }
  PluginSet: { path: { name: string }; query: Nothing; body: string[] | null | undefined }
  NodeList: { path: Nothing; query: { filters?: string }; body: undefined }
  NodeInspect: { path: { id: string }; query: Nothing; body: undefined }
  NodeDelete: { path: { id: string }; query: { force?: boolean }; body: undefined }
  NodeUpdate: { path: { id: string }; query: { version?: number }; body: types.NodeSpec | undefined }
  SwarmInspect: { path: Nothing; query: Nothing; body: undefined }
  SwarmInit: { path: Nothing; query: Nothing; body: {
  ListenAddr?: string
  AdvertiseAddr?: string
  DataPathAddr?: string
  DataPathPort?: number
  DefaultAddrPool?: string[] | null
  ForceNewCluster?: boolean
  SubnetSize?: number
  Spec?: types.SwarmSpec
} }
  SwarmJoin: { path: Nothing; query: Nothing; body: {
  ListenAddr: string
  AdvertiseAddr?: string
  DataPathAddr?: string
  RemoteAddrs: string[] | null
  JoinToken: string
} }
  SwarmLeave: { path: Nothing; query: { force?: boolean }; body: undefined }
  SwarmUpdate: { path: Nothing; query: { version?: number; rotateWorkerToken?: boolean; rotateManagerToken?: boolean; rotateManagerUnlockKey?: boolean }; body: types.SwarmSpec }
  SwarmUnlockkey: { path: Nothing; query: Nothing; body: undefined }
  SwarmUnlock: { path: Nothing; query: Nothing; body: {
  UnlockKey?: string
} }
  ServiceList: { path: Nothing; query: { filters?: string; status?: boolean }; body: undefined }
  ServiceCreate: { path: Nothing; query: Nothing; body: types.ServiceSpec & Record<string, unknown> }
  ServiceInspect: { path: { id: string }; query: { insertDefaults?: boolean }; body: undefined }
  ServiceDelete: { path: { id: string }; query: Nothing; body: undefined }
  ServiceUpdate: { path: { id: string }; query: { version?: number; registryAuthFrom?: string; rollback?: string }; body: types.ServiceSpec & Record<string, unknown> }
  ServiceLogs: { path: { id: string }; query: { details?: boolean; follow?: boolean; stdout?: boolean; stderr?: boolean; since?: number; timestamps?: boolean; tail?: string }; body: undefined }
  TaskList: { path: Nothing; query: { filters?: string }; body: undefined }
  TaskInspect: { path: { id: string }; query: Nothing; body: undefined }
  TaskLogs: { path: { id: string }; query: { details?: boolean; follow?: boolean; stdout?: boolean; stderr?: boolean; since?: number; timestamps?: boolean; tail?: string }; body: undefined }
  SecretList: { path: Nothing; query: { filters?: string }; body: undefined }
  SecretCreate: { path: Nothing; query: Nothing; body: types.SecretSpec & Record<string, unknown> | undefined }
  SecretInspect: { path: { id: string }; query: Nothing; body: undefined }
  SecretDelete: { path: { id: string }; query: Nothing; body: undefined }
  SecretUpdate: { path: { id: string }; query: { version?: number }; body: types.SecretSpec | undefined }
  ConfigList: { path: Nothing; query: { filters?: string }; body: undefined }
  ConfigCreate: { path: Nothing; query: Nothing; body: types.ConfigSpec & Record<string, unknown> | undefined }
  ConfigInspect: { path: { id: string }; query: Nothing; body: undefined }
  ConfigDelete: { path: { id: string }; query: Nothing; body: undefined }
  ConfigUpdate: { path: { id: string }; query: { version?: number }; body: types.ConfigSpec | undefined }
  DistributionInspect: { path: { name: string }; query: Nothing; body: undefined }
  Session: { path: Nothing; query: Nothing; body: undefined }
}

export type OperationId = keyof Operations

export type ParameterKind = 'bool' | 'int' | 'string' | 'array'

export type OperationEntry = {
  readonly method: string
  readonly path: string
  readonly tag: string
  readonly success: number
  readonly body: 'none' | 'json' | 'stream'
  readonly bodyRequired?: boolean
  readonly query: Readonly<Record<string, ParameterKind>>
  /** The first API version that has it, where that is newer than the oldest we speak. */
  readonly since?: string
  readonly unsupported?: { readonly status: number; readonly message: string }
}

export const operations: Readonly<Record<OperationId, OperationEntry>> = {
  ContainerList: { method: "GET", path: "/containers/json", tag: "container", success: 200, body: "none", query: { "all": "bool", "limit": "int", "size": "bool", "filters": "string" } },
  ContainerCreate: { method: "POST", path: "/containers/create", tag: "container", success: 201, body: "json", bodyRequired: true, query: { "name": "string", "platform": "string" } },
  ContainerInspect: { method: "GET", path: "/containers/{id}/json", tag: "container", success: 200, body: "none", query: { "size": "bool" } },
  ContainerTop: { method: "GET", path: "/containers/{id}/top", tag: "container", success: 200, body: "none", query: { "ps_args": "string" } },
  ContainerLogs: { method: "GET", path: "/containers/{id}/logs", tag: "container", success: 200, body: "none", query: { "follow": "bool", "stdout": "bool", "stderr": "bool", "since": "string", "until": "string", "timestamps": "bool", "tail": "string", "details": "bool" } },
  ContainerChanges: { method: "GET", path: "/containers/{id}/changes", tag: "container", success: 200, body: "none", query: {  } },
  ContainerExport: { method: "GET", path: "/containers/{id}/export", tag: "container", success: 200, body: "none", query: {  } },
  ContainerStats: { method: "GET", path: "/containers/{id}/stats", tag: "container", success: 200, body: "none", query: { "stream": "bool", "one-shot": "bool" } },
  ContainerResize: { method: "POST", path: "/containers/{id}/resize", tag: "container", success: 200, body: "none", query: { "h": "int", "w": "int" } },
  ContainerStart: { method: "POST", path: "/containers/{id}/start", tag: "container", success: 204, body: "none", query: { "detachKeys": "string" } },
  ContainerStop: { method: "POST", path: "/containers/{id}/stop", tag: "container", success: 204, body: "none", query: { "signal": "string", "t": "int" } },
  ContainerRestart: { method: "POST", path: "/containers/{id}/restart", tag: "container", success: 204, body: "none", query: { "signal": "string", "t": "int" } },
  ContainerKill: { method: "POST", path: "/containers/{id}/kill", tag: "container", success: 204, body: "none", query: { "signal": "string" } },
  ContainerUpdate: { method: "POST", path: "/containers/{id}/update", tag: "container", success: 200, body: "json", bodyRequired: true, query: {  } },
  ContainerRename: { method: "POST", path: "/containers/{id}/rename", tag: "container", success: 204, body: "none", query: { "name": "string" } },
  ContainerPause: { method: "POST", path: "/containers/{id}/pause", tag: "container", success: 204, body: "none", query: {  } },
  ContainerUnpause: { method: "POST", path: "/containers/{id}/unpause", tag: "container", success: 204, body: "none", query: {  } },
  ContainerAttach: { method: "POST", path: "/containers/{id}/attach", tag: "container", success: 200, body: "none", query: { "detachKeys": "string", "logs": "bool", "stream": "bool", "stdin": "bool", "stdout": "bool", "stderr": "bool" } },
  ContainerAttachWebsocket: { method: "GET", path: "/containers/{id}/attach/ws", tag: "container", success: 200, body: "none", query: { "detachKeys": "string", "logs": "bool", "stream": "bool", "stdin": "bool", "stdout": "bool", "stderr": "bool" }, unsupported: { status: 501, message: "ContainerAttachWebsocket (GET /containers/{id}/attach/ws) is not implemented by tsd yet" } },
  ContainerWait: { method: "POST", path: "/containers/{id}/wait", tag: "container", success: 200, body: "none", query: { "condition": "string" } },
  ContainerDelete: { method: "DELETE", path: "/containers/{id}", tag: "container", success: 204, body: "none", query: { "v": "bool", "force": "bool", "link": "bool" } },
  ContainerArchiveInfo: { method: "HEAD", path: "/containers/{id}/archive", tag: "container", success: 200, body: "none", query: { "path": "string" } },
  ContainerArchive: { method: "GET", path: "/containers/{id}/archive", tag: "container", success: 200, body: "none", query: { "path": "string" } },
  PutContainerArchive: { method: "PUT", path: "/containers/{id}/archive", tag: "container", success: 200, body: "stream", query: { "path": "string", "noOverwriteDirNonDir": "string", "copyUIDGID": "string" } },
  ContainerPrune: { method: "POST", path: "/containers/prune", tag: "container", success: 200, body: "none", query: { "filters": "string" } },
  ImageList: { method: "GET", path: "/images/json", tag: "image", success: 200, body: "none", query: { "all": "bool", "filters": "string", "shared-size": "bool", "digests": "bool", "manifests": "bool", "identity": "bool", "filter": "string" } },
  ImageBuild: { method: "POST", path: "/build", tag: "image", success: 200, body: "stream", query: { "dockerfile": "string", "t": "string", "extrahosts": "string", "remote": "string", "q": "bool", "nocache": "bool", "cachefrom": "string", "pull": "string", "rm": "bool", "forcerm": "bool", "memory": "int", "memswap": "int", "cpushares": "int", "cpusetcpus": "string", "cpuperiod": "int", "cpuquota": "int", "buildargs": "string", "shmsize": "int", "squash": "bool", "labels": "string", "networkmode": "string", "platform": "string", "target": "string", "outputs": "string", "version": "string" }, unsupported: { status: 501, message: "ImageBuild (POST /build) is not implemented by tsd yet" } },
  BuildPrune: { method: "POST", path: "/build/prune", tag: "image", success: 200, body: "none", query: { "reserved-space": "int", "max-used-space": "int", "min-free-space": "int", "all": "bool", "filters": "string" }, since: "1.31", unsupported: { status: 501, message: "BuildPrune (POST /build/prune) is not implemented by tsd yet" } },
  ImageCreate: { method: "POST", path: "/images/create", tag: "image", success: 200, body: "stream", query: { "fromImage": "string", "fromSrc": "string", "repo": "string", "tag": "string", "message": "string", "changes": "array", "platform": "string" } },
  ImageInspect: { method: "GET", path: "/images/{name}/json", tag: "image", success: 200, body: "none", query: { "manifests": "bool", "platform": "string" } },
  ImageHistory: { method: "GET", path: "/images/{name}/history", tag: "image", success: 200, body: "none", query: { "platform": "string" } },
  ImagePush: { method: "POST", path: "/images/{name}/push", tag: "image", success: 200, body: "none", query: { "tag": "string", "platform": "string" }, unsupported: { status: 501, message: "ImagePush (POST /images/{name}/push) is not implemented by tsd yet" } },
  ImageTag: { method: "POST", path: "/images/{name}/tag", tag: "image", success: 201, body: "none", query: { "repo": "string", "tag": "string" } },
  ImageDelete: { method: "DELETE", path: "/images/{name}", tag: "image", success: 200, body: "none", query: { "force": "bool", "noprune": "bool", "platforms": "array" } },
  ImageSearch: { method: "GET", path: "/images/search", tag: "image", success: 200, body: "none", query: { "term": "string", "limit": "int", "filters": "string" }, unsupported: { status: 501, message: "ImageSearch (GET /images/search) is not implemented by tsd yet" } },
  ImagePrune: { method: "POST", path: "/images/prune", tag: "image", success: 200, body: "none", query: { "filters": "string" } },
  ImageCommit: { method: "POST", path: "/commit", tag: "image", success: 201, body: "json", query: { "container": "string", "repo": "string", "tag": "string", "comment": "string", "author": "string", "pause": "bool", "changes": "array" } },
  ImageGet: { method: "GET", path: "/images/{name}/get", tag: "image", success: 200, body: "none", query: { "platform": "array" } },
  ImageGetAll: { method: "GET", path: "/images/get", tag: "image", success: 200, body: "none", query: { "names": "array", "platform": "array" } },
  ImageLoad: { method: "POST", path: "/images/load", tag: "image", success: 200, body: "stream", query: { "quiet": "bool", "platform": "array" } },
  SystemAuth: { method: "POST", path: "/auth", tag: "system", success: 200, body: "json", query: {  }, unsupported: { status: 501, message: "SystemAuth (POST /auth) is not implemented by tsd yet" } },
  SystemInfo: { method: "GET", path: "/info", tag: "system", success: 200, body: "none", query: {  } },
  SystemVersion: { method: "GET", path: "/version", tag: "system", success: 200, body: "none", query: {  } },
  SystemPing: { method: "GET", path: "/_ping", tag: "system", success: 200, body: "none", query: {  } },
  SystemPingHead: { method: "HEAD", path: "/_ping", tag: "system", success: 200, body: "none", query: {  }, since: "1.40" },
  SystemEvents: { method: "GET", path: "/events", tag: "system", success: 200, body: "none", query: { "since": "string", "until": "string", "filters": "string", "since_id": "int" } },
  SystemDataUsage: { method: "GET", path: "/system/df", tag: "system", success: 200, body: "none", query: { "type": "array", "verbose": "bool" } },
  ContainerExec: { method: "POST", path: "/containers/{id}/exec", tag: "exec", success: 201, body: "json", bodyRequired: true, query: {  } },
  ExecStart: { method: "POST", path: "/exec/{id}/start", tag: "exec", success: 200, body: "json", query: {  } },
  ExecResize: { method: "POST", path: "/exec/{id}/resize", tag: "exec", success: 200, body: "none", query: { "h": "int", "w": "int" } },
  ExecInspect: { method: "GET", path: "/exec/{id}/json", tag: "exec", success: 200, body: "none", query: {  } },
  VolumeList: { method: "GET", path: "/volumes", tag: "volume", success: 200, body: "none", query: { "filters": "string" } },
  VolumeCreate: { method: "POST", path: "/volumes/create", tag: "volume", success: 201, body: "json", bodyRequired: true, query: {  }, unsupported: { status: 501, message: "VolumeCreate (POST /volumes/create) is not implemented by tsd yet" } },
  VolumeInspect: { method: "GET", path: "/volumes/{name}", tag: "volume", success: 200, body: "none", query: {  } },
  VolumeUpdate: { method: "PUT", path: "/volumes/{name}", tag: "volume", success: 200, body: "json", query: { "version": "int" }, since: "1.42", unsupported: { status: 501, message: "VolumeUpdate (PUT /volumes/{name}) is not implemented by tsd yet" } },
  VolumeDelete: { method: "DELETE", path: "/volumes/{name}", tag: "volume", success: 204, body: "none", query: { "force": "bool" } },
  VolumePrune: { method: "POST", path: "/volumes/prune", tag: "volume", success: 200, body: "none", query: { "filters": "string" } },
  NetworkList: { method: "GET", path: "/networks", tag: "network", success: 200, body: "none", query: { "filters": "string" } },
  NetworkInspect: { method: "GET", path: "/networks/{id}", tag: "network", success: 200, body: "none", query: { "verbose": "bool", "scope": "string" } },
  NetworkDelete: { method: "DELETE", path: "/networks/{id}", tag: "network", success: 204, body: "none", query: {  }, unsupported: { status: 501, message: "NetworkDelete (DELETE /networks/{id}) is not implemented by tsd yet" } },
  NetworkCreate: { method: "POST", path: "/networks/create", tag: "network", success: 201, body: "json", bodyRequired: true, query: {  }, unsupported: { status: 501, message: "NetworkCreate (POST /networks/create) is not implemented by tsd yet" } },
  NetworkConnect: { method: "POST", path: "/networks/{id}/connect", tag: "network", success: 200, body: "json", bodyRequired: true, query: {  }, unsupported: { status: 501, message: "NetworkConnect (POST /networks/{id}/connect) is not implemented by tsd yet" } },
  NetworkDisconnect: { method: "POST", path: "/networks/{id}/disconnect", tag: "network", success: 200, body: "json", query: {  }, unsupported: { status: 501, message: "NetworkDisconnect (POST /networks/{id}/disconnect) is not implemented by tsd yet" } },
  NetworkPrune: { method: "POST", path: "/networks/prune", tag: "network", success: 200, body: "none", query: { "filters": "string" } },
  PluginList: { method: "GET", path: "/plugins", tag: "plugin", success: 200, body: "none", query: { "filters": "string" } },
  GetPluginPrivileges: { method: "GET", path: "/plugins/privileges", tag: "plugin", success: 200, body: "none", query: { "remote": "string" }, unsupported: { status: 501, message: "GetPluginPrivileges (GET /plugins/privileges) is not implemented by tsd yet" } },
  PluginPull: { method: "POST", path: "/plugins/pull", tag: "plugin", success: 204, body: "json", query: { "remote": "string", "name": "string" }, unsupported: { status: 501, message: "PluginPull (POST /plugins/pull) is not implemented by tsd yet" } },
  PluginInspect: { method: "GET", path: "/plugins/{name}/json", tag: "plugin", success: 200, body: "none", query: {  }, unsupported: { status: 501, message: "PluginInspect (GET /plugins/{name}/json) is not implemented by tsd yet" } },
  PluginDelete: { method: "DELETE", path: "/plugins/{name}", tag: "plugin", success: 200, body: "none", query: { "force": "bool" }, unsupported: { status: 501, message: "PluginDelete (DELETE /plugins/{name}) is not implemented by tsd yet" } },
  PluginEnable: { method: "POST", path: "/plugins/{name}/enable", tag: "plugin", success: 200, body: "none", query: { "timeout": "int" }, unsupported: { status: 501, message: "PluginEnable (POST /plugins/{name}/enable) is not implemented by tsd yet" } },
  PluginDisable: { method: "POST", path: "/plugins/{name}/disable", tag: "plugin", success: 200, body: "none", query: { "force": "bool" }, unsupported: { status: 501, message: "PluginDisable (POST /plugins/{name}/disable) is not implemented by tsd yet" } },
  PluginUpgrade: { method: "POST", path: "/plugins/{name}/upgrade", tag: "plugin", success: 204, body: "json", query: { "remote": "string" }, since: "1.26", unsupported: { status: 501, message: "PluginUpgrade (POST /plugins/{name}/upgrade) is not implemented by tsd yet" } },
  PluginCreate: { method: "POST", path: "/plugins/create", tag: "plugin", success: 204, body: "stream", query: { "name": "string" }, unsupported: { status: 501, message: "PluginCreate (POST /plugins/create) is not implemented by tsd yet" } },
  PluginPush: { method: "POST", path: "/plugins/{name}/push", tag: "plugin", success: 200, body: "none", query: {  }, unsupported: { status: 501, message: "PluginPush (POST /plugins/{name}/push) is not implemented by tsd yet" } },
  PluginSet: { method: "POST", path: "/plugins/{name}/set", tag: "plugin", success: 204, body: "json", query: {  }, unsupported: { status: 501, message: "PluginSet (POST /plugins/{name}/set) is not implemented by tsd yet" } },
  NodeList: { method: "GET", path: "/nodes", tag: "node", success: 200, body: "none", query: { "filters": "string" }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  NodeInspect: { method: "GET", path: "/nodes/{id}", tag: "node", success: 200, body: "none", query: {  }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  NodeDelete: { method: "DELETE", path: "/nodes/{id}", tag: "node", success: 200, body: "none", query: { "force": "bool" }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  NodeUpdate: { method: "POST", path: "/nodes/{id}/update", tag: "node", success: 200, body: "json", query: { "version": "int" }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  SwarmInspect: { method: "GET", path: "/swarm", tag: "swarm", success: 200, body: "none", query: {  }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  SwarmInit: { method: "POST", path: "/swarm/init", tag: "swarm", success: 200, body: "json", bodyRequired: true, query: {  }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  SwarmJoin: { method: "POST", path: "/swarm/join", tag: "swarm", success: 200, body: "json", bodyRequired: true, query: {  }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  SwarmLeave: { method: "POST", path: "/swarm/leave", tag: "swarm", success: 200, body: "none", query: { "force": "bool" }, unsupported: { status: 503, message: "This node is not part of a swarm" } },
  SwarmUpdate: { method: "POST", path: "/swarm/update", tag: "swarm", success: 200, body: "json", bodyRequired: true, query: { "version": "int", "rotateWorkerToken": "bool", "rotateManagerToken": "bool", "rotateManagerUnlockKey": "bool" }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  SwarmUnlockkey: { method: "GET", path: "/swarm/unlockkey", tag: "swarm", success: 200, body: "none", query: {  }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  SwarmUnlock: { method: "POST", path: "/swarm/unlock", tag: "swarm", success: 200, body: "json", bodyRequired: true, query: {  }, unsupported: { status: 503, message: "This node is not part of a swarm" } },
  ServiceList: { method: "GET", path: "/services", tag: "service", success: 200, body: "none", query: { "filters": "string", "status": "bool" }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  ServiceCreate: { method: "POST", path: "/services/create", tag: "service", success: 201, body: "json", bodyRequired: true, query: {  }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  ServiceInspect: { method: "GET", path: "/services/{id}", tag: "service", success: 200, body: "none", query: { "insertDefaults": "bool" }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  ServiceDelete: { method: "DELETE", path: "/services/{id}", tag: "service", success: 200, body: "none", query: {  }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  ServiceUpdate: { method: "POST", path: "/services/{id}/update", tag: "service", success: 200, body: "json", bodyRequired: true, query: { "version": "int", "registryAuthFrom": "string", "rollback": "string" }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  ServiceLogs: { method: "GET", path: "/services/{id}/logs", tag: "service", success: 200, body: "none", query: { "details": "bool", "follow": "bool", "stdout": "bool", "stderr": "bool", "since": "int", "timestamps": "bool", "tail": "string" }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  TaskList: { method: "GET", path: "/tasks", tag: "task", success: 200, body: "none", query: { "filters": "string" }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  TaskInspect: { method: "GET", path: "/tasks/{id}", tag: "task", success: 200, body: "none", query: {  }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  TaskLogs: { method: "GET", path: "/tasks/{id}/logs", tag: "task", success: 200, body: "none", query: { "details": "bool", "follow": "bool", "stdout": "bool", "stderr": "bool", "since": "int", "timestamps": "bool", "tail": "string" }, since: "1.29", unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  SecretList: { method: "GET", path: "/secrets", tag: "secret", success: 200, body: "none", query: { "filters": "string" }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  SecretCreate: { method: "POST", path: "/secrets/create", tag: "secret", success: 201, body: "json", query: {  }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  SecretInspect: { method: "GET", path: "/secrets/{id}", tag: "secret", success: 200, body: "none", query: {  }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  SecretDelete: { method: "DELETE", path: "/secrets/{id}", tag: "secret", success: 204, body: "none", query: {  }, unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  SecretUpdate: { method: "POST", path: "/secrets/{id}/update", tag: "secret", success: 200, body: "json", query: { "version": "int" }, since: "1.26", unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  ConfigList: { method: "GET", path: "/configs", tag: "config", success: 200, body: "none", query: { "filters": "string" }, since: "1.30", unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  ConfigCreate: { method: "POST", path: "/configs/create", tag: "config", success: 201, body: "json", query: {  }, since: "1.30", unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  ConfigInspect: { method: "GET", path: "/configs/{id}", tag: "config", success: 200, body: "none", query: {  }, since: "1.30", unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  ConfigDelete: { method: "DELETE", path: "/configs/{id}", tag: "config", success: 204, body: "none", query: {  }, since: "1.30", unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  ConfigUpdate: { method: "POST", path: "/configs/{id}/update", tag: "config", success: 200, body: "json", query: { "version": "int" }, since: "1.30", unsupported: { status: 503, message: "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again." } },
  DistributionInspect: { method: "GET", path: "/distribution/{name}/json", tag: "distribution", success: 200, body: "none", query: {  }, since: "1.30", unsupported: { status: 501, message: "DistributionInspect (GET /distribution/{name}/json) is not implemented by tsd yet" } },
  Session: { method: "POST", path: "/session", tag: "session", success: 200, body: "none", query: {  }, since: "1.31", unsupported: { status: 501, message: "Session (POST /session) is not implemented by tsd yet" } },
}
