// SPDX-License-Identifier: MIT
package io.pghello.mcp;

/**
 * The error codes of the protocol. All but the last are from <a
 * href="https://www.jsonrpc.org/specification#error_object">JSON-RPC 2.0</a>.
 */
enum ErrorCode {
  PARSE_ERROR(-32700),
  INVALID_REQUEST(-32600),
  METHOD_NOT_FOUND(-32601),
  INVALID_PARAMS(-32602),
  INTERNAL_ERROR(-32603),
  TOO_MANY_CALLS(-32000);

  private final int number;

  ErrorCode(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }
}
