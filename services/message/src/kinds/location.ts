import { type Body, LATITUDE_E7_MAX, LONGITUDE_E7_MAX, PLACE_BYTES_MAX } from "@parley/protocol";
import { badRequest } from "../refusal.js";
import { requireShort } from "./sizes.js";

/** A place on the earth. Errors: "bad-request". */
export function checkLocation(location: NonNullable<Body["location"]>): void {
  const { latitudeE7, longitudeE7, name, address } = location;
  if (latitudeE7 > LATITUDE_E7_MAX || longitudeE7 > LONGITUDE_E7_MAX)
    throw badRequest("A place has a latitude of -90 to 90 and a longitude of -180 to 180 degrees.");
  requireShort("name of a place", name, PLACE_BYTES_MAX);
  requireShort("address of a place", address, PLACE_BYTES_MAX);
}
