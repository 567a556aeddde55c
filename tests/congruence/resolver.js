/* Answers the calls that a model makes to other services, for the vendor's engine: its second constructor argument names
   this module. `vendor_engine.js` tells it the engine and the ids of the services' versions. */
'use strict'

const ACCEPTED = 202
const resolver = { runner: null, services: new Map() }

/* The answer in the form that the model asks for. */
function write(request, answer, status, problem) {
  const name = request.service_uri || `folders/${request.folder_name}/services/${request.service_name}`
  if (request.xcall_version === 2 || request.xcall_version === 3) {
    return { ...answer, xcall_meta: { http_status_code: status, http_response_time: 0, error_details: problem } }
  }
  const code = problem ? `error.${status}` : ''
  const metadata = { calltype: 'SparkService', name, status, error_code: code, response_time: 0 }
  return { metadata, data: answer }
}

async function answer(request) {
  const id = resolver.services.get(`${request.folder_name}/${request.service_name}`)
  if (id === undefined) {
    const error = { message: 'no such service' }
    return write(request, { status: 'Error', error, response_data: null }, 404, error.message)
  }
  try {
    return write(request, await resolver.runner.execute(request.request_body, id), ACCEPTED, '')
  } catch (failure) {
    const error = { message: String(failure.errors || failure.message) }
    return write(request, { status: 'Error', error, response_data: null }, 500, error.message)
  }
}

resolver.sparkService = async (request) => JSON.stringify(await answer(request))
module.exports = resolver
